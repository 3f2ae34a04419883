"""What transformers' own environment of Jinja makes of the templates in src/domain/jinja/testing/chat-templates.json.

Rewrites the file: `python bench/chat-templates.py`, with jinja2 3.1 installed. The environment is that of
`transformers.utils.chat_template_utils._compile_jinja_template`; `null` is a template that is refused.
"""

import json
from pathlib import Path

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

PATH = Path(__file__).parent.parent / "src/domain/jinja/testing/chat-templates.json"
MESSAGES = [
    {"role": "user", "content": "u1"},
    {"role": "assistant", "content": "a1"},
    {"role": "user", "content": "u2"},
]


class Generation(Extension):
    """Marks what a model wrote; here only its text counts."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_write"), [], [], body).set_lineno(line)

    def _write(self, caller):
        return caller()


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def refuse(message):
    raise jinja2.exceptions.TemplateError(message)


environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
)
environment.filters["tojson"] = to_json
environment.globals["raise_exception"] = refuse


def render(template):
    try:
        return environment.from_string(template).render(
            messages=MESSAGES, bos_token="<s>", add_generation_prompt=True
        )
    except Exception:
        return None


rows = json.loads(PATH.read_text())
rows = [{"template": row["template"], "text": render(row["template"])} for row in rows]
PATH.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
