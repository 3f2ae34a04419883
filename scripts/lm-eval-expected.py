"""Adds to the tasks of src/domain/formats/testing/lm-eval-own-tasks.yaml what lm-eval itself makes of them.

python3 -m venv /tmp/lm-eval && /tmp/lm-eval/bin/pip install lm_eval==0.4.13
/tmp/lm-eval/bin/python scripts/lm-eval-expected.py

For each document: the requests (context and continuation, or generation settings), the target, and what its filters and metrics
give: for each output of a model that is listed, or for log-likelihoods that are made up from a seed.
"""

import json
import logging
import math
import random
from pathlib import Path

import datasets
import numpy as np
import yaml
from lm_eval.api.task import ConfigurableTask

FOLDER = Path(__file__).parent.parent / "src/domain/formats/testing"
# lm-eval's own, for drawing examples.
FEWSHOT_SEED = 1234

logging.disable(logging.WARNING)


def read_splits(splits):
    many = [{"n": n} for n in range(1, 101)]
    return {name: many if docs == "many" else docs for name, docs in splits.items()}


def make_task(text, splits):
    config = yaml.safe_load(text)
    data = datasets.DatasetDict({name: datasets.Dataset.from_list(docs) for name, docs in splits.items()})
    # lm-eval opens the training part of a task even where it shows no examples.
    for key in ("training_split", "validation_split"):
        if config.get(key) is not None and not config.get("num_fewshot"):
            data.setdefault(config[key], next(iter(data.values())))
    config = {"dataset_path": "json", **config, "custom_dataset": lambda **_: data}
    task = ConfigurableTask(config=config)
    task.set_fewshot_seed(FEWSHOT_SEED)
    task.build_all_requests()
    return task


def plain(value):
    if isinstance(value, np.ndarray):
        return [plain(each) for each in value.tolist()]
    if isinstance(value, (np.integer, np.floating, np.bool_)):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value


def grade_outputs(task, instance, doc, outputs):
    """The metrics of each output, by the name of the filters."""
    graded = []
    for output in outputs:
        instance.resps = [output]
        instance.filtered_resps = {}
        for ensemble in task._filters:
            ensemble.apply([instance])
        scores = {
            name: task.process_results(doc, [found]) for name, found in instance.filtered_resps.items()
        }
        graded.append(
            {
                "output": output,
                "filtered": plain(instance.filtered_resps),
                "scores": {name: {key: float(value) for key, value in each.items()} for name, each in scores.items()},
            }
        )
    return graded


def grade_likelihoods(task, instances, doc, rnd, totals):
    """Made-up log-likelihoods, and the metrics that follow from them."""
    lls = [round(-rnd.random() * 20, 3) for _ in instances]
    greedy = [rnd.random() < 0.4 for _ in instances]
    if task.OUTPUT_TYPE == "loglikelihood_rolling":
        scores = task.process_results(doc, lls)
    else:
        scores = task.process_results(doc, list(zip(lls, greedy)))
    aggregated = {}
    for name, value in scores.items():
        # What is only the sum of something becomes a number when it is added up: here of this one document.
        aggregate = task.aggregation()[name]
        is_pair = isinstance(value, tuple) or name == "perplexity"
        try:
            aggregated[name] = float(aggregate([value])) if is_pair else float(value)
            totals.setdefault(name, []).append(value)
        except ValueError:
            continue
    return {"loglikelihoods": lls, "greedy": greedy, "scores": {k: v for k, v in aggregated.items() if not math.isnan(v)}}


def add_up(task, values):
    added = {}
    for name, each in values.items():
        try:
            added[name] = float(task.aggregation()[name](each))
        except ValueError:
            # lm-eval itself cannot add up Brier scores of different numbers of choices.
            continue
    return added


def expect(row):
    splits = read_splits(row["splits"])
    task = make_task(row["task"], splits)
    docs = list(task.eval_docs)
    config = yaml.safe_load(row["task"])
    rnd = random.Random(config["task"])
    documents = []
    totals = {}
    for at, doc in enumerate(docs):
        instances = [each for each in task.instances if each.doc_id == at]
        asked = {"arguments": [plain(list(each.args)) for each in instances], "target": plain(task.doc_to_target(doc))}
        if task.OUTPUT_TYPE == "generate_until":
            outputs = row.get("outputs", [])
            asked["graded"] = grade_outputs(task, instances[0], doc, outputs[at] if at < len(outputs) else [])
        else:
            asked["likelihoods"] = grade_likelihoods(task, instances, doc, rnd, totals)
        documents.append(asked)
    asked_split = config.get("test_split") or config.get("validation_split")
    shots = config.get("fewshot_config") or {}
    pool = shots.get("split") or config.get("fewshot_split")
    if pool is None and "samples" not in shots:
        pool = config.get("training_split") or config.get("validation_split") or config.get("test_split")
    return {
        "name": config["task"],
        "task": row["task"],
        "rows": splits[asked_split],
        **({"fewshotRows": splits[pool]} if pool in splits and pool != asked_split else {}),
        "documents": documents,
        # Over all documents, where every one has a number.
        "totals": add_up(task, {name: each for name, each in totals.items() if len(each) == len(docs)}),
    }


def main():
    rows = yaml.safe_load((FOLDER / "lm-eval-own-tasks.yaml").read_text())
    table = [expect(row) for row in rows]
    text = json.dumps(table, ensure_ascii=False, indent=1)
    (FOLDER / "lm-eval-own-tasks.json").write_text(text + "\n")
    print(f"{len(table)} tasks")


main()
