"""A unigram model of 400 pieces, trained on made-up prompts, with the library's token numbers: tests/golden/t5/tokens.

spiece.model: what SentencePiece trained, less the table of its Unicode normalisation (200 KB). tokens.json: versions,
and texts with their ids, end token included; checked against the tokeniser of transformers.
"""
import importlib.metadata
import json
import pathlib
import random
import tempfile

import sentencepiece
import transformers

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "golden" / "t5" / "tokens"
GENES = ("Gad1 Gad2 Slc17a7 Slc17a6 Pvalb Sst Vip Lamp5 Aqp4 Mbp Plp1 Mog Cx3cr1 P2ry12 Pdgfra Cspg4 Rorb Cux2 Fezf2 "
         "Foxp2 Tbr1 Satb2 Snap25 Rbfox3 Gfap Aldh1l1 Slc1a3 Cldn5 Pecam1 Acta2 EPCAM KRT19 CD3E CD8A MS4A1 NKX2-1 "
         "HLA-DRA MT-CO1 RPL13A TP53 MKI67 COL1A1 VIM SOX10 H2-K1 Hbb-bs").split()
CELLS = "neuron astrocyte oligodendrocyte microglia endothelial interneuron fibroblast ductal acinar T-cell".split()
REGIONS = "layer 1,layer 2/3,layer 4,layer 5,layer 6,white matter,hippocampus,tumour,stroma,duct".split(",")


def prompts(n):
    rng = random.Random(20240501)
    for _ in range(n):
        genes = rng.sample(GENES, rng.randint(1, 12))
        levels = ", ".join(f"{g}: {rng.uniform(0, 9):.2f}" for g in genes)
        yield (f"A spot in {rng.choice(REGIONS)} near {rng.choice(CELLS)} cells. Expression of {levels}. "
               f"Position {rng.uniform(0, 999):.2f}, {rng.uniform(0, 999):.2f}; neighbours {rng.randint(0, 30)}.")


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def encoded(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def without(data, path):
    """A message without the length-delimited field that `path` leads to."""
    out, at = b"", 0
    while at < len(data):
        start = at
        tag, at = varint(data, at)
        size, body = varint(data, at) if tag & 7 == 2 else (0, at)
        at = body + {0: 0, 1: 8, 2: size, 5: 4}[tag & 7]
        if tag & 7 == 0:
            at = varint(data, body)[1]
        if tag >> 3 != path[0]:
            out += data[start:at]
        elif len(path) > 1:
            inner = without(data[body:at], path[1:])
            out += encoded(tag) + encoded(len(inner)) + inner
    return out


def texts():
    found = GENES[:24] + list(prompts(14))
    found += ["", " ", "  Gad1   Gad2 ", "Gad1\tGad2\nSst", "a", "neuron", "NEURON", "1234567890", "0.00", "-1.5e-3",
              "{Gad1}", "{}{}", "x{{{y", "a{b}c", "~", "zzzzqqqqxxxx", "...", "A spot", "spot", "spots in layer",
              "Gad1Gad1Gad1", " ".join(prompts(30))[:3000]]
    return found


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        model = folder + "/tiny"
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(prompts(3000)), model_prefix=model, vocab_size=400, model_type="unigram", pad_id=0,
            eos_id=1, unk_id=2, bos_id=-1, normalization_rule_name="nmt_nfkc", num_threads=1, minloglevel=2)
        pieces = sentencepiece.SentencePieceProcessor(model_file=model + ".model")
        libraries = [transformers.T5Tokenizer(model + ".model", extra_ids=100, legacy=old) for old in (True, False)]
        tokens = []
        for text in texts():
            ids = pieces.encode(text) + [1]
            for library in libraries:
                assert library(text)["input_ids"] == ids, text
            tokens.append({"text": text, "ids": ids})
        data = pathlib.Path(model + ".model").read_bytes()
    (FOLDER / "spiece.model").write_bytes(without(data, (3, 2)))
    versions = {p: importlib.metadata.version(p) for p in ("sentencepiece", "transformers")}
    lines = ",\n".join(json.dumps(t) for t in tokens)
    (FOLDER / "tokens.json").write_text(f'{{"versions": {json.dumps(versions)}, "tokens": [\n{lines}\n]}}\n')


main()
