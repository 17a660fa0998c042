#!/usr/bin/env python3
"""train.py FIXTURES OUT.dict [held-out folder …]: trains a zstd dictionary on recorded envelopes (needs brotli and zstandard from PyPI).

Lines of source code and secrets of the test programs are left out of what it learns from. Folders named after OUT are not learnt from;
the ratios over them say how well the dictionary serves programs it has never seen."""
import collections, glob, gzip, json, os, re, sys
import brotli, zstandard

KINDS = {"event", "transaction", "span", "log", "session", "sessions", "check_in", "feedback", "replay_event", "trace_metric", "client_report", "profile"}
SIZE, LEVEL = 32768, 3


def items(root):
    for path in sorted(glob.glob(root + "/**/*.body", recursive=True)):
        request = json.load(open(path[:-5] + ".json"))
        if request["method"] != "POST" or "/envelope" not in request["path"]:
            continue
        coding = {name.lower(): value for name, value in request["headers"]}.get("content-encoding", "")
        body = open(path, "rb").read()
        body = {"br": brotli.decompress, "gzip": gzip.decompress}.get(coding, bytes)(body)
        at = body.find(b"\n") + 1
        while at < len(body):
            end = (body.find(b"\n", at) + 1 or len(body) + 1) - 1
            head = body[at:end].strip()
            if not head:
                at = end + 1
                continue
            head = json.loads(head)
            until = end + 1 + head["length"] if "length" in head else (body.find(b"\n", end + 1) + 1 or len(body) + 1) - 1
            if head.get("type") in KINDS:
                yield os.path.relpath(os.path.dirname(path), root), head["type"], body[end + 1 : until]
            at = until + 1


def cleaned(value, key=""):
    if isinstance(value, dict):
        return {name: cleaned(inner, name) for name, inner in value.items()}
    if key in ("context_line", "pre_context", "post_context"):
        return "" if isinstance(value, str) else []
    if isinstance(value, list):
        return [cleaned(inner, key) for inner in value]
    if isinstance(value, str) and re.search(r"secret|hunter|4111|4242|@example|token=", value):
        return "[Filtered]"
    return value


def ratios(name, dictionary, them):
    sums = collections.defaultdict(lambda: [0, 0, 0])
    squeeze = zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary)
    for _, kind, payload in them:
        if len(payload) < 100_000:
            for row in (sums[kind], sums["all"]):
                row[0] += 1
                row[1] += len(payload)
                row[2] += len(squeeze.compress(payload))
    print(name, "; ".join(f"{kind} {n} × {raw // n} → {packed // n} bytes ({raw / packed:.1f})" for kind, (n, raw, packed) in sorted(sums.items())))


root, out, held = sys.argv[1], sys.argv[2], set(sys.argv[3:])
known = list(items(root))
samples = [json.dumps(cleaned(json.loads(payload)), separators=(",", ":")).encode()[:16000] for folder, _, payload in known if folder not in held]
dictionary = zstandard.train_dictionary(SIZE, samples, k=1024, d=8, level=LEVEL, dict_id=2)
open(out, "wb").write(dictionary.as_bytes())
ratios("without a dictionary:", None, [item for item in known if not held or item[0] in held])
ratios("learnt from:", dictionary, [item for item in known if item[0] not in held])
ratios("held out:", dictionary, [item for item in known if item[0] in held])
