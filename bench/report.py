#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes WORK/results into docs/benchmarks.md, between the markers <!-- NAME:begin --> and <!-- NAME:end -->, and draws docs/images/bench_*.svg.

usage: report.py [WORK] [--document FILE]      (defaults: build/bench, docs/benchmarks.md)
"""
import argparse
import json
import re
import sys
from pathlib import Path

import common

COLOURS = {"fovea": "#d1495b", "onnxruntime": "#30638e", "openvino": "#5b8e7d", "ncnn": "#edae49", "opencv": "#8d96a3", "mnn": "#9a6fb0"}


def table(heads, rows):
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *("| " + " | ".join(map(str, r)) + " |" for r in rows)])


def cells(rows):
    """{(network, input, threads, precision): [row]}, in the order of the run."""
    out = {}
    for row in rows:
        out.setdefault((row["network"], row["input"], row["threads"], row["precision"]), []).append(row)
    return out


def peers(results):
    """Fovea against the best of the others, then every figure."""
    best = []
    for key, rows in cells(results["rows"]).items():
        own = next((r for r in rows if r["engine"] == "fovea"), None)
        other = min((r for r in rows if r["engine"] != "fovea"), key=lambda r: r["median_ms"], default=None)
        if own and other:
            best.append((*key, f"{own['median_ms']:.2f}", f"{other['median_ms']:.2f} ({other['engine']})",
                         f"**{other['median_ms'] / own['median_ms']:.2f}x**", f"{own['peak_mb']:.0f} / {other['peak_mb']:.0f}", f"{100 * own['other_load']:.0f}%"))
    every = [(r["network"], r["input"], r["threads"], r["precision"], r["engine"], f"{r['median_ms']:.2f}", f"{r['p10_ms']:.2f}", f"{r['p90_ms']:.2f}",
              r["runs"], f"{r['peak_mb']:.0f}", r["answers"]) for r in results["rows"]]
    left_out = "".join(f"\n- left out: {why}" for why in results["skipped"])
    return "\n\n".join([
        results["machine"] + ".",
        table(("network", "input", "threads", "precision", "Fovea median ms", "best of the others", "Fovea is faster by", "peak MB", "other load"), best),
        images("peers"),
        "<details><summary>Every engine</summary>\n\n" + table(
            ("network", "input", "threads", "precision", "engine", "median ms", "p10", "p90", "runs", "peak MB", "answers"), every) + "\n\n</details>" + left_out])


def whole(results):
    rows = [(r["threads"], r["engine"], r["precision"], f"{r['median_ms']:.2f}", f"{r['p10_ms']:.2f}", f"{r['p90_ms']:.2f}", f"{r['peak_mb']:.0f}", r["faces"],
             f"{100 * r['other_load']:.0f}%") for r in sorted(results["rows"], key=lambda r: (r["threads"], r["median_ms"]))]
    return f"{results['machine']}; {results['photo']}.\n\n" + table(("threads", "engine", "precision", "median ms", "p10", "p90", "peak MB", "faces", "other load"), rows)


def coldstart(results):
    rows = [(r["engine"] if r["engine"] == "fovea" else f"python, opencv, {r['engine']}", r["precision"], f"{r['median_ms']:.0f}", f"{r['p10_ms']:.0f}",
             f"{r['p90_ms']:.0f}", f"{r['peak_mb']:.0f}") for r in sorted(results["rows"], key=lambda r: r["median_ms"])]
    return f"{results['machine']}; {results['photo']}, {results['rows'][0]['threads']} threads.\n\n" + table(
        ("program", "precision", "first face, median ms", "p10", "p90", "peak MB"), rows)


def int8_faces(results):
    rows = [(r["engine"], r["precision"], f"{100 * r['found_again']:.1f} % of {r['faces']}", r["more"], f"{r['mean_iou']:.4f}", f"{r['least_iou']:.3f}",
             f"{r['score_off']:.4f}", f"{r['score_off_most']:.3f}") for r in results["rows"]]
    return f"{results['machine']}; {results['photos']} photos.\n\n" + table(
        ("engine", "precision", "found again", "more", "mean IoU", "least", "score off, mean", "most"), rows)


def neighbour(results):
    rows = [(r["threads"], r["engine"], r["precision"], f"{r['quiet_ms']:.2f}", f"{r['loud_ms']:.2f}", f"{r['loud_p90_ms']:.2f}", f"{r['ratio']:.2f}")
            for r in sorted(results["rows"], key=lambda r: (r["threads"], r["precision"], r["ratio"]))]
    return results["machine"] + ".\n\n" + table(("threads", "engine", "precision", "quiet median ms", "with the neighbour", "p90", "ratio"), rows)


def image_names(rows):
    return sorted({(r["network"], r["threads"]) for r in rows})


def images(name):
    return "\n".join(f"![milliseconds by engine, {network}, {threads} thread(s)](images/bench_{name}_{network}_{threads}.svg)"
                     for network, threads in image_names(RESULTS[name]["rows"]))


def draw(rows, network, threads, path):
    """A panel per input size: a group of bars per precision, a bar per engine."""
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "fovea"  # the same file for the same figures
    from matplotlib import pyplot as plt

    rows = [r for r in rows if r["network"] == network and r["threads"] == threads]
    sizes, precisions = (list(dict.fromkeys(r[k] for r in rows)) for k in ("input", "precision"))
    figure, panels = plt.subplots(1, len(sizes), figsize=(3.2 * len(sizes) + 1, 3.2), squeeze=False)
    for panel, size in zip(panels[0], sizes):
        at, ticks = 0.0, []
        for precision in precisions:
            group = [r for r in rows if r["input"] == size and r["precision"] == precision]
            ticks.append((at + (len(group) - 1) / 2, precision.upper()))
            for r in group:
                panel.bar(at, r["median_ms"], 0.9, color=COLOURS[r["engine"]], label=r["engine"],
                          yerr=[[r["median_ms"] - r["p10_ms"]], [r["p90_ms"] - r["median_ms"]]], error_kw={"elinewidth": 0.8, "ecolor": "#444"})
                at += 1
            at += 1
        panel.set_title(size, fontsize=10)
        panel.set_xticks([t for t, _ in ticks], [n for _, n in ticks])
        panel.spines[["top", "right"]].set_visible(False)
    panels[0][0].set_ylabel("ms, median; p10 to p90")
    seen = {}
    for panel in panels[0]:
        seen.update({label: handle for handle, label in zip(*panel.get_legend_handles_labels())})
    figure.legend(seen.values(), seen.keys(), loc="lower center", ncols=len(seen), frameon=False, fontsize=9)
    figure.suptitle(f"{network}, {threads} thread{'s' if threads > 1 else ''}, batch 1, network alone", fontsize=11)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


SECTIONS = {"peers": peers, "whole": whole, "coldstart": coldstart, "int8_faces": int8_faces, "neighbour": neighbour}
RESULTS = {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(",", maxsplit=1)[0])
    parser.add_argument("work", nargs="?", default=str(common.ROOT / "build" / "bench"))
    parser.add_argument("--document", default=str(common.ROOT / "docs" / "benchmarks.md"))
    a = parser.parse_args()
    document = Path(a.document)
    text = document.read_text(encoding="utf-8")
    for name, write in SECTIONS.items():
        path = Path(a.work) / "results" / f"{name}.json"
        if not path.exists():
            continue
        RESULTS[name] = json.loads(path.read_text(encoding="utf-8"))
        if not RESULTS[name]["rows"]:
            continue
        place = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.S)
        if not place.search(text):
            sys.exit(f"{document} has no markers for {name}")
        text = place.sub(lambda m: m[1] + write(RESULTS[name]) + "\n" + m[2], text)
        if name == "peers":
            folder = document.parent / "images"
            folder.mkdir(exist_ok=True)
            for network, threads in image_names(RESULTS[name]["rows"]):
                draw(RESULTS[name]["rows"], network, threads, folder / f"bench_{name}_{network}_{threads}.svg")
    document.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
