/** What an expression of a template is. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'list' | 'group'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'lookup'; readonly target: Expression; readonly key: Expression }
  | { readonly kind: 'call'; readonly target: Expression; readonly args: Arguments }
  | {
      readonly kind: 'filter';
      readonly name: string;
      readonly input: Expression;
      readonly args: Arguments;
    }
  | { readonly kind: 'is'; readonly value: Expression; readonly test: string; readonly args: Arguments }
  | {
      readonly kind: 'if';
      readonly test: Expression;
      readonly body: Expression;
      readonly otherwise: Expression | undefined;
    }
  | { readonly kind: 'unary'; readonly operator: 'not' | '-' | '+'; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  /** What statements write, as a value. */
  | { readonly kind: 'capture'; readonly body: readonly Statement[] }
  /** The block of a `call`, as a function. */
  | { readonly kind: 'caller'; readonly parameters: Parameters; readonly body: readonly Statement[] };

export interface Arguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
}

export interface Parameters {
  readonly names: readonly string[];
  readonly optional: readonly (readonly [name: string, value: Expression])[];
}

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly value: Expression }
  | {
      readonly kind: 'if';
      readonly test: Expression;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly kind: 'for';
      readonly names: readonly string[];
      readonly items: Expression;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[] | undefined;
    }
  | { readonly kind: 'set'; readonly names: readonly string[]; readonly value: Expression }
  | {
      readonly kind: 'macro';
      readonly name: string;
      readonly parameters: Parameters;
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'switch';
      readonly value: Expression;
      readonly cases: readonly { readonly match: Expression; readonly body: readonly Statement[] }[];
      readonly otherwise: readonly Statement[] | undefined;
    }
  | { readonly kind: 'block'; readonly body: readonly Statement[] };
