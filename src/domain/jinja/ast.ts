export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null; readonly isFloat?: boolean }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly of: Expression; readonly key: Expression }
  | {
      readonly kind: 'slice';
      readonly of: Expression;
      readonly start: Expression | undefined;
      readonly stop: Expression | undefined;
      readonly step: Expression | undefined;
    }
  | { readonly kind: 'call'; readonly of: Expression; readonly args: CallArguments }
  | { readonly kind: 'filter'; readonly of: Expression; readonly name: string; readonly args: CallArguments }
  | {
      readonly kind: 'test';
      readonly of: Expression;
      readonly name: string;
      readonly args: CallArguments;
      readonly negated: boolean;
    }
  | { readonly kind: 'unary'; readonly operator: 'not' | '-' | '+'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'compare';
      readonly first: Expression;
      readonly rest: readonly { readonly operator: string; readonly right: Expression }[];
    }
  | {
      readonly kind: 'condition';
      readonly test: Expression;
      readonly then: Expression;
      readonly otherwise: Expression | undefined;
    };

export interface CallArguments {
  readonly positional: readonly { readonly value: Expression; readonly spread: boolean }[];
  readonly named: readonly { readonly name: string | undefined; readonly value: Expression }[];
}

export type Target =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'attribute'; readonly of: string; readonly name: string }
  | { readonly kind: 'tuple'; readonly items: readonly Target[] };

export interface Parameter {
  readonly name: string;
  readonly fallback: Expression | undefined;
}

/** Filters that a block's text goes through. */
export type FilterStep = Pick<Extract<Expression, { kind: 'filter' }>, 'name' | 'args'>;

export type Statement =
  | { readonly kind: 'data'; readonly text: string }
  | { readonly kind: 'output'; readonly value: Expression }
  | { readonly kind: 'jump'; readonly to: 'break' | 'continue' }
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly test: Expression; readonly body: readonly Statement[] }[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly kind: 'for';
      readonly target: Target;
      readonly of: Expression;
      readonly test: Expression | undefined;
      readonly recursive: boolean;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: 'set-block';
      readonly target: Target;
      readonly filters: readonly FilterStep[];
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'filter-block';
      readonly filters: readonly FilterStep[];
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'macro';
      readonly name: string;
      readonly parameters: readonly Parameter[];
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'call-block';
      readonly parameters: readonly Parameter[];
      readonly call: Expression;
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'with';
      readonly bindings: readonly (readonly [Target, Expression])[];
      readonly body: readonly Statement[];
    };
