"""Writes the tiny ONNX language model that the tests of the transformers engine run.

A LLaMA of 2 layers with seeded random weights, a byte-level BPE tokenizer trained on the text below, and what greedy
decoding must give. The expectation comes from the NumPy forward pass in this file, which shares the weights with the
ONNX graph and nothing else: no cache, no ONNX runtime.

    python3 -m venv venv && venv/bin/pip install onnx==1.23.2 numpy==2.4.6 tokenizers==0.23.3
    venv/bin/python scripts/make-onnx-fixture.py src/engines/testing/fixtures/tiny-llama
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SEED = 20_240_607
LAYERS, WIDTH, HEADS, KV_HEADS, HEAD, HIDDEN, VOCABULARY, CONTEXT = 2, 64, 4, 2, 16, 128, 480, 512
EPSILON, ROPE_BASE = 1e-5, 10_000.0
NEW_TOKENS = 24
PROMPTS = ["The wizard asked: if every cat is grey, then", "Волшебник спросил: если все коты серы, то"]
# The first is known to differ from its neighbours by more than engines may round.
LEAST_MARGIN = 1e-2

CORPUS = [
    "The wizard asked: if every cat is grey, then what colour is the cat of the wizard?",
    "Four friends sit in a row. The painter sits left of the baker, the doctor sits at the right end.",
    "If it rains the street is wet. The street is not wet. Does it rain? No, it does not.",
    "Волшебник спросил: если все коты серы, то какого цвета кот волшебника?",
    "Четыре друга сидят в ряд. Художник сидит слева от пекаря, врач сидит с правого края.",
    "Если идёт дождь, улица мокрая. Улица не мокрая. Идёт ли дождь? Нет, не идёт.",
]


def make_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token=None))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS * 3, trainer)
    assert tokenizer.get_vocab_size() == VOCABULARY, tokenizer.get_vocab_size()
    return tokenizer


def make_weights() -> dict[str, np.ndarray]:
    """Half precision: half the file. Both passes compute with the rounded values, in single precision."""
    random = np.random.Generator(np.random.PCG64(SEED))

    def matrix(rows: int, columns: int, gain: float = 1.0) -> np.ndarray:
        return (random.standard_normal((rows, columns)) * gain / np.sqrt(rows)).astype(np.float16)

    def gains() -> np.ndarray:
        return (1 + 0.1 * random.standard_normal(WIDTH)).astype(np.float16)

    weights = {"embedding": random.standard_normal((VOCABULARY, WIDTH)).astype(np.float16)}
    for layer in range(LAYERS):
        weights |= {
            f"{layer}.attention_norm": gains(),
            f"{layer}.q": matrix(WIDTH, HEADS * HEAD, 2),
            f"{layer}.k": matrix(WIDTH, KV_HEADS * HEAD, 2),
            f"{layer}.v": matrix(WIDTH, KV_HEADS * HEAD, 2),
            f"{layer}.o": matrix(HEADS * HEAD, WIDTH, 2),
            f"{layer}.feed_norm": gains(),
            f"{layer}.gate": matrix(WIDTH, HIDDEN, 2),
            f"{layer}.up": matrix(WIDTH, HIDDEN, 2),
            f"{layer}.down": matrix(HIDDEN, WIDTH, 2),
        }
    return weights | {"norm": gains(), "output": matrix(WIDTH, VOCABULARY, 4)}


INVERSE_FREQUENCIES = (ROPE_BASE ** (-np.arange(0, HEAD, 2) / HEAD)).astype(np.float32)


# The independent forward pass: every token, every time.
def compute_logits(weights: dict[str, np.ndarray], ids: list[int]) -> np.ndarray:
    get = {name: value.astype(np.float32) for name, value in weights.items()}
    count = len(ids)

    def normalise(x: np.ndarray, gain: np.ndarray) -> np.ndarray:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * gain

    angles = np.arange(count, dtype=np.float32)[:, None] * INVERSE_FREQUENCIES
    turn = np.exp(1j * angles)

    def rotate(x: np.ndarray) -> np.ndarray:
        """LLaMA's halves form: element i turns with element i + half; as complex numbers, unlike the graph."""
        half = HEAD // 2
        turned = (x[..., :half] + 1j * x[..., half:]) * turn[:, None, :]
        return np.concatenate([turned.real, turned.imag], -1).astype(np.float32)

    x = get["embedding"][ids]
    for layer in range(LAYERS):
        h = normalise(x, get[f"{layer}.attention_norm"])
        q = rotate((h @ get[f"{layer}.q"]).reshape(count, HEADS, HEAD))
        k = rotate((h @ get[f"{layer}.k"]).reshape(count, KV_HEADS, HEAD))
        v = (h @ get[f"{layer}.v"]).reshape(count, KV_HEADS, HEAD)
        heads = []
        for head in range(HEADS):
            shared = head // (HEADS // KV_HEADS)
            scores = q[:, head] @ k[:, shared].T / np.sqrt(HEAD)
            scores = np.where(np.tri(count, dtype=bool), scores, -np.inf)
            weight = np.exp(scores - scores.max(-1, keepdims=True))
            heads.append(weight / weight.sum(-1, keepdims=True) @ v[:, shared])
        x = x + np.concatenate(heads, -1) @ get[f"{layer}.o"]
        h = normalise(x, get[f"{layer}.feed_norm"])
        gate = h @ get[f"{layer}.gate"]
        x = x + (gate / (1 + np.exp(-gate)) * (h @ get[f"{layer}.up"])) @ get[f"{layer}.down"]
    return normalise(x, get["norm"]) @ get["output"]


def make_graph(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    nodes: list[onnx.NodeProto] = []
    constants: dict[str, np.ndarray] = {}
    counter = iter(range(10_000))

    def node(kind: str, *inputs: str, output: str | None = None, **attributes) -> str:
        output = output or f"{kind.lower()}_{next(counter)}"
        nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(value, dtype=np.int64) -> str:
        array = np.asarray(value, dtype=dtype)
        name = f"c_{array.dtype}_{'_'.join(map(str, array.ravel()[:8]))}_{array.ndim}"
        constants[name] = array
        return name

    def weight(name: str) -> str:
        return node("Cast", f"w.{name}", to=TensorProto.FLOAT)

    def split(x: str, heads: int) -> str:
        """[1, T, heads * HEAD] to [1, heads, T, HEAD]."""
        return node("Transpose", node("Reshape", x, constant([0, 0, heads, HEAD])), perm=[0, 2, 1, 3])

    def normalise(x: str, gain: str) -> str:
        mean = node("ReduceMean", node("Mul", x, x), axes=[-1], keepdims=1)
        scale = node("Sqrt", node("Add", mean, constant(EPSILON, np.float32)))
        return node("Mul", node("Div", x, scale), weight(gain))

    # [1, T, HEAD / 2] to [1, 1, T, HEAD / 2]
    positions = node("Cast", "position_ids", to=TensorProto.FLOAT)
    angles = node("Mul", node("Unsqueeze", positions, constant([1, 3])), constant(INVERSE_FREQUENCIES, np.float32))
    cosine, sine = node("Cos", angles), node("Sin", angles)

    def part(x: str, start: int, end: int) -> str:
        return node("Slice", x, constant([start]), constant([end]), constant([3]))

    def rotate(x: str) -> str:
        low, high = part(x, 0, HEAD // 2), part(x, HEAD // 2, HEAD)
        real = node("Sub", node("Mul", low, cosine), node("Mul", high, sine))
        imaginary = node("Add", node("Mul", low, sine), node("Mul", high, cosine))
        return node("Concat", real, imaginary, axis=3)

    # A token sees itself and what is before it: [1, 1, T, S].
    seen = node("Gather", node("Shape", "attention_mask"), constant(1), axis=0)
    keys = node("Range", constant(0), seen, constant(1))
    allowed = node("LessOrEqual", keys, node("Unsqueeze", "position_ids", constant([1, 3])))
    mask = node("Where", allowed, constant(0, np.float32), constant(-1e9, np.float32))

    x = node("Gather", weight("embedding"), "input_ids", axis=0)
    for layer in range(LAYERS):
        h = normalise(x, f"{layer}.attention_norm")
        q = rotate(split(node("MatMul", h, weight(f"{layer}.q")), HEADS))
        new_k = rotate(split(node("MatMul", h, weight(f"{layer}.k")), KV_HEADS))
        new_v = split(node("MatMul", h, weight(f"{layer}.v")), KV_HEADS)
        k = node("Concat", f"past_key_values.{layer}.key", new_k, axis=2, output=f"present.{layer}.key")
        v = node("Concat", f"past_key_values.{layer}.value", new_v, axis=2, output=f"present.{layer}.value")
        # Queries in groups over the shared keys: [1, KV_HEADS, group, T, HEAD] by [1, KV_HEADS, 1, HEAD, S].
        grouped = node("Reshape", q, constant([1, KV_HEADS, HEADS // KV_HEADS, -1, HEAD]))
        keys_t = node("Transpose", node("Unsqueeze", k, constant([2])), perm=[0, 1, 2, 4, 3])
        scores = node("Div", node("MatMul", grouped, keys_t), constant(np.sqrt(HEAD), np.float32))
        shares = node("Softmax", node("Add", scores, mask), axis=-1)
        mixed = node("Reshape", node("MatMul", shares, node("Unsqueeze", v, constant([2]))), constant([1, HEADS, -1, HEAD]))
        joined = node("Reshape", node("Transpose", mixed, perm=[0, 2, 1, 3]), constant([0, 0, HEADS * HEAD]))
        x = node("Add", x, node("MatMul", joined, weight(f"{layer}.o")))
        h = normalise(x, f"{layer}.feed_norm")
        gate = node("MatMul", h, weight(f"{layer}.gate"))
        active = node("Mul", node("Mul", gate, node("Sigmoid", gate)), node("MatMul", h, weight(f"{layer}.up")))
        x = node("Add", x, node("MatMul", active, weight(f"{layer}.down")))
    node("MatMul", normalise(x, "norm"), weight("output"), output="logits")

    def value(name: str, kind: int, shape: list) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    def cache(prefix: str, length: str) -> list[onnx.ValueInfoProto]:
        return [
            value(f"{prefix}.{layer}.{part}", TensorProto.FLOAT, ["batch", KV_HEADS, length, HEAD])
            for layer in range(LAYERS)
            for part in ("key", "value")
        ]

    inputs = [
        value("input_ids", TensorProto.INT64, ["batch", "tokens"]),
        value("attention_mask", TensorProto.INT64, ["batch", "seen"]),
        value("position_ids", TensorProto.INT64, ["batch", "tokens"]),
        *cache("past_key_values", "past"),
    ]
    outputs = [value("logits", TensorProto.FLOAT, ["batch", "tokens", VOCABULARY]), *cache("present", "seen")]
    initialisers = [numpy_helper.from_array(array, f"w.{name}") for name, array in weights.items()]
    initialisers += [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "tiny-llama", inputs, outputs, initialisers)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9, producer_name="make-onnx-fixture"
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def decode_greedily(weights: dict[str, np.ndarray], ids: list[int], end: int) -> dict:
    chosen, logprobs, margins = [], [], []
    for _ in range(NEW_TOKENS):
        logits = compute_logits(weights, ids + chosen)[-1].astype(np.float64)
        order = np.argsort(-logits)
        margins.append(logits[order[0]] - logits[order[1]])
        logprobs.append(logits[order[0]] - logits.max() - np.log(np.exp(logits - logits.max()).sum()))
        chosen.append(int(order[0]))
        assert chosen[-1] != end, "this seed ends an answer early: take another"
    assert min(margins) > LEAST_MARGIN, f"this seed makes a close call ({min(margins)}): take another"
    return {"ids": chosen, "logprobs": [round(float(each), 5) for each in logprobs]}


def main(folder: Path) -> None:
    tokenizer, weights = make_tokenizer(), make_weights()
    end = tokenizer.token_to_id("</s>")
    (folder / "onnx").mkdir(parents=True, exist_ok=True)

    def write(name: str, data) -> None:
        (folder / name).write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf8")

    write("tokenizer.json", json.loads(tokenizer.to_str()))
    write("tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>"})
    write("generation_config.json", {"bos_token_id": 0, "eos_token_id": end, "do_sample": True, "repetition_penalty": 1.3})
    write(
        "config.json",
        {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_size": WIDTH,
            "intermediate_size": HIDDEN,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": KV_HEADS,
            "head_dim": HEAD,
            "vocab_size": VOCABULARY,
            "max_position_embeddings": CONTEXT,
            "rms_norm_eps": EPSILON,
            "rope_theta": ROPE_BASE,
            "bos_token_id": 0,
            "eos_token_id": end,
        },
    )
    onnx.save(make_graph(weights), folder / "onnx" / "model.onnx")
    expected = []
    for prompt in PROMPTS:
        ids = tokenizer.encode(prompt, add_special_tokens=False).ids
        greedy = decode_greedily(weights, ids, end)
        expected.append({"prompt": prompt, "promptIds": ids, **greedy, "text": tokenizer.decode(greedy["ids"])})
    write("expected.json", expected)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
