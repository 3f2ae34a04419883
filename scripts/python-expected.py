"""What Python makes of patterns and of Jinja templates: the tables of src/domain/text/python-pattern.test.ts and
src/domain/jinja/jinja.test.ts.

/tmp/lm-eval/bin/python scripts/python-expected.py (lm-eval-expected.py says how to make that environment)
"""

import json
import re
from pathlib import Path

from lm_eval.utils import apply_template

DOMAIN = Path(__file__).parent.parent / "src/domain"

PATTERNS = [
    r"#### (\-?[0-9\.\,]+)", r"(-?[$0-9.,]{2,})|(-?[0-9]+)", r"(?<=the answer is )(.*)(?=.)", r"^(.*?)(?=\n|$)",
    r"^(.*?)\s*$", r"(\([A-Z]\))", r"\b(?:The |the |An |A |a |an )", r"(?s).*#### ", r"\.$", r"\$", r",",
    r"(?i)answer\s*:\s*(\w+)", r"\d+", r"\D+", r"\w+", r"\W+", r"\s+", r"\S+", r"[\d\s]+", r"[^\W\d]+", r"[\W_]+",
    r"^\w", r"\w$", r"(?m)^\w", r"(?m)\w$", r"\A\w+", r"\w+\Z", r".+", r"(?s).+", r"a{2}", r"a{,2}", r"a{1,}b?",
    r"{x}", r"a{x", r"x}", r"[]a]+", r"[^]a]+", r"[a\-z]+", r"[-a]+", r"[a-]+", r"[\]\[]+", r"\[(.*?)\]",
    r"(?P<one>a)(?P=one)", r"(a)\1", r"(?:ab)+", r"(?=a)\w", r"(?!a)\w", r"(?<!a)b", r"a(?#note)b", r"\x41", r"\u00e9",
    r"\101", r"\t|\n", r"[\b]", r"\Bb", r"b\B", r"\b", r"", r"x*", r"a|", r"(a)|(b)|c", r"(?x) a  b # note", r"[A-Za-z_]+",
    r"(?i)É", r"(?a)\w+", r"\'|\"", r"[!-/]", r"[&&]", r"[a&&b]+", r"[~^]+", r"\/", r"a/b", r"\#\-\:\;\@\%\!", r"[.\-+*()]+",
    r"\d{1,3}(?:,\d{3})*(?:\.\d+)?", r"(?:^|\n)([A-D])[.)]", r"'([^']*)'", r"\*\*(.+?)\*\*", r"[\w.+-]+@\w+",
    r"a+?", r"a{1,2}?", r"\U0001f600", r"[\U0001f600-\U0001f64f]", r"[\s\S]{3}",
]
TEXTS = [
    "", "a", "aab", "abc abc", "Answer: B\nthe answer is (C).\n", "#### 1,234.5 and $20 -7", "The the An a end.\n",
    "l1\nl2\r\nl3\u2028l4", "x{x}a{x ] [z] a-z", "\u0663\u0664 5\u00b2 \uff17 \u2163 \u4e09", "caf\u00e9 \u00c9t\u00e9 na\u0308ive _x9", "\x1c\x1f\u00a0\u3000\ufeff\x85",
    "'quoted' \"two\" **bold** a/b #-:;@%! ~^&", "AaAa bB \U0001f600\U0001f923", "A. one\nB) two\nme+you@site", "\tA\x08B\n\n",
]
REFUSED = [r"a++", r"(?>a)", r"(a)?(?(1)b|c)", "(", "[a", r"\q", "\\", r"*a", r"(?P<1>a)"]

ROW = {
    "q": " A question? ", "n": 3, "f": 2.5, "third": 1 / 3, "none": None, "yes": True, "items": ["b", "a", "C"], "empty": [],
    "dict": {"k": "v", "n": None, "list": [1, 2]}, "text": "one two  three\nfour", "rows": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
    "quote": "it's \"so\"", "back": "a\\b\n\t\u00e9\u200b\U0001f600", "neg": -2, "nested": [["a", None], {"b": 1.5}],
}
TEMPLATES = [
    "{{q}}", "{{ q.strip() }}|", "{{none}}", "{{none is none}} {{none is defined}} {{other is defined}}", "{{other}}", "{{other or 1}}",
    "{{other | default('d')}}", "{{none | default('d')}}", "{{none | default('d', true)}}", "{{items}}", "{{dict}}", "{{nested}}", "{{rows}}",
    "{{quote}} {{[quote]}} {{['a\"', \"b'\"]}}", "{{[back]}}", "{{f}} {{third}} {{1e22}} {{1.5e-7}} {{100000.0 * 10}}", "{{yes}} {{not yes}} {{[yes]}}",
    "{{n + 1}} {{n / 2}} {{n // 2}} {{n % 2}} {{neg // 2}} {{-7 // 2}} {{-7 % 3}} {{2 ** 10}} {{2 ** -1}}", "{{n ~ 'x' ~ none}}", "{{'a' * 3}} {{[0] * 2}}",
    "{{items[0]}} {{items[-1]}} {{items[1:]}} {{items[::-1]}} {{q[1:4]}}", "{{items[9]}}", "{{dict.k}} {{dict['k']}} {{dict.n}} {{dict.get('x')}} {{dict.get('x', 1)}}",
    "{{dict.zzz}}", "{{dict.items() | list}} {{dict.keys() | list}} {{dict.values() | list}}", "{{items | join(', ')}} {{items | sort}} {{items | sort(reverse=true)}}",
    "{{items | first}} {{items | last}} {{items | length}} {{items | reverse | list}}", "{{empty | first}}", "{{rows | map(attribute='b') | list}} {{rows | selectattr('a', 'equalto', 2) | list}}",
    "{{rows | map(attribute='a') | sum}} {{rows | sum(attribute='a')}} {{[3,1,2] | max}} {{[3,1,2] | min}}", "{{text.split()}} {{text.split(' ')}} {{text.split(' ', 1)}} {{text | wordcount}}",
    "{{text | upper}} {{text | title}} {{text | capitalize}} {{text.title()}}", "{{q | trim}}|{{q.lstrip()}}|{{q.rstrip('? ')}}", "{{text | replace('o', '0')}} {{text.replace('o', '0', 1)}}",
    "{{text.find('two')}} {{text.index('t')}} {{text.count('e')}} {{text.startswith('one')}}", "{{text | regex_replace('\\\\s+', '_')}} {{text | regex_replace('(o)(n)', '\\\\2\\\\1')}}",
    "{{'%s and %d' % ('x', 3)}} {{'%.2f' % third}}", "{{n | string}} {{'3' | int}} {{'x' | int}} {{'2.5' | float}} {{third | round(2)}}", "{{2.5 | round}} {{3.5 | round}} {{n | abs}}",
    "{% for i in items %}{{loop.index}}{{loop.index0}}{{i}}{% if not loop.last %}, {% endif %}{% else %}none{% endfor %}", "{% for i in empty %}x{% else %}none{% endfor %}",
    "{% for k, v in dict.items() %}{{k}}={{v}};{% endfor %}", "{% for i in range(3) %}{{i}}{% endfor %} {{range(1, 10, 4) | list}}", "{% for i in items if i != 'a' %}{{i}}{% endfor %}",
    "{% for a in items %}{% for b in items %}{{a}}{{b}} {% endfor %}{% endfor %}", "{% set x = 1 %}{{x}}{% set x = x + 1 %}{{x}}", "{% set ns = namespace(c=0) %}{% for i in items %}{% set ns.c = ns.c + 1 %}{% endfor %}{{ns.c}}",
    "{% set x = 0 %}{% for i in items %}{% set x = x + 1 %}{% endfor %}{{x}}", "{% set x %}block {{n}}{% endset %}[{{x}}]", "{% if n > 2 %}big{% elif n %}small{% else %}none{% endif %}", "{{'a' if n > 5}}|", "{{'a' if n > 5 else 'b'}}",
    "a {%- if true %} b {%- endif %} c", "a\n{% if true %}\nb\n{% endif %}\nc\n", "{{- n -}} x {{ n }}", "{# note #}x{#- y -#} z", "{% raw %}{{ n }}{% endraw %}", "{% macro m(a, b='d') %}<{{a}}{{b}}>{% endmacro %}{{m(1)}}{{m(1, b=2)}}",
    "{{1 < 2 < 3}} {{1 == 1.0}} {{'a' in items}} {{'z' not in items}} {{'k' in dict}} {{'ne' in text}}", "{{yes and n}} {{none or 'x'}} {{not empty}}", "{{n is odd}} {{n is even}} {{n is number}} {{q is string}} {{items is iterable}} {{dict is mapping}}",
    "{{n is divisibleby 3}} {{n in [1, 3]}} {{items == ['b', 'a', 'C']}}", "{{(1, 2)}} {{(1,)}} {{()}} {{{'a': 1}}} {{[1, [2, 'x']]}}", "{{'\\n' ~ '\\t' ~ '\\\\'}}|{{\"\\u00e9\"}}", "{{text.splitlines()}} {{','.join(items)}}",
    "{{items | map('upper') | join}} {{items | map('lower') | list}} {{items | unique | list}} {{items | select('equalto', 'a') | list}} {{items | reject('equalto', 'a') | list}}", "{{[1,2,3,4,5] | batch(2) | list}}",
    "{{'abc' | list}} {{'abc' | reverse}} {{'abc'[1]}}", "{{none.x}}", "{{1 + 'a'}}", "{{q.nothing()}}", "{{q | nothing}}", "{% for x in 5 %}{% endfor %}", "{{items.index('zzz')}}", "{{'x' ~ 1 + 2}}", "{{2 + 3 * 4 - 1}} {{(2 + 3) * 4}} {{-n ** 2}}",
    "{{'a,b,c'.split(',')[-1]}}", "{{'abc'.upper().lower().capitalize()}}", "{{['A','B','C','D'][n]}}", "{{['A','B'].index('B')}}", "{{q|lower|trim}}", "{{dict | length}} {{dict | list}}",
    "{{loop}}", "{{'x'.join([])}}|{{'' == ''}}", "{{rows[0].b}} {{rows[1]['a']}}", "{{'ab' 'cd'}}", "{% include 'x' %}", "{{ q", "{% if %}", "{% endfor %}", "{{ 1 if }}",
]


def find(pattern):
    rows = []
    for text in TEXTS:
        found = re.findall(pattern, text)
        rows.append([[list(each) if isinstance(each, tuple) else [each] for each in found], re.sub(pattern, "", text)])
    return {"pattern": pattern, "found": rows}


def render(template):
    try:
        return {"template": template, "text": apply_template(template, ROW)}
    except Exception as error:
        return {"template": template, "error": type(error).__name__}


def write(path, data):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n")
    print(path.relative_to(DOMAIN))


write(
    DOMAIN / "text/testing/python-patterns.json",
    {"texts": TEXTS, "patterns": [find(each) for each in PATTERNS], "refused": REFUSED},
)
write(DOMAIN / "jinja/testing/jinja.json", {"row": ROW, "templates": [render(each) for each in TEMPLATES]})
