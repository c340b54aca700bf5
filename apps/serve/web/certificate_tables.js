// SPDX-License-Identifier: MIT
/** The entries of a certificate as tables. Every number also has its exact value, in a `data` element that is called by its key. */
import {element} from "./dom.js";
import {ELSEWHERE, GROUPS} from "./certificate_words.js";
import {lengthBar, noiseAxis, noiseDot, noiseScale, shareBar} from "./certificate_plots.js";
import {brief, count, percent, precisionName, spoken} from "./words.js";

const NOT_FINITE_DB = -300; /* as docs/compare.md has it */

const exact = (key, value, words) => element("data", {"data-key": key, value: JSON.stringify(value)}, words);

function section(title, about, ...content) {
    return element("section", {}, element("h3", {}, title), about ? element("p", {class: "soft"}, about) : "", ...content);
}

/** @param columns titles. @param rows arrays of cells, the first of which names the row */
function table(caption, columns, rows, kind) {
    const cells = (row) => row.map((cell, i) => (i ? element("td", {}, cell) : element("th", {scope: "row"}, cell)));
    return element("table", {class: kind}, element("caption", {class: "unseen"}, caption),
        element("thead", {}, element("tr", {}, ...columns.map((title) => element("th", {scope: "col"}, title)))),
        element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row)))));
}

/* ---------------------------------------------------------------- entries with a value each */

function isListed(key) {
    return ELSEWHERE.some((other) => key === other || key.startsWith(`${other}.`));
}

/** [key, value] of everything that is no object, but for lists that have a place of their own. */
function leaves(value, key = "") {
    if (isListed(key)) return [];
    if (value === null || typeof value !== "object" || Array.isArray(value)) return [[key, value]];
    return Object.entries(value).flatMap(([name, part]) => leaves(part, key ? `${key}.${name}` : name));
}

function plain(value) {
    if (typeof value === "number") return brief(value);
    return typeof value === "string" ? value : JSON.stringify(value);
}

/** The known entries by group, then those that only another release knows. */
export function factSections(certificate) {
    const left = new Map(leaves(certificate)), sections = [];
    for (const {title, about, rows} of GROUPS) {
        const there = rows.filter(([key]) => left.has(key));
        const lines = there.map(([key, name, tell, meaning]) => [name, exact(key, left.get(key), tell(left.get(key))), meaning]);
        for (const [key] of there) left.delete(key);
        if (lines.length) sections.push(section(title, about, table(title, ["Entry", "Value", "Meaning"], lines, "facts")));
    }
    const others = [...left].map(([key, value]) => [key.split(".").map(spoken).join(", "), exact(key, value, plain(value)), ""]);
    if (others.length) sections.push(section("Further entries", "", table("Further entries", ["Entry", "Value", "Meaning"], others, "facts")));
    return sections;
}

/* ---------------------------------------------------------------- lists */

export function shareSection(share) {
    const kinds = Object.entries(share ?? {});
    if (!kinds.length) return "";
    const rows = kinds.map(([precision, {layers, macs}]) => [
        element("span", {class: "kind"}, element("i", {class: precision}), precisionName(precision)),
        exact(`share.${precision}.layers`, layers, count(layers, "layer")),
        exact(`share.${precision}.macs`, macs, percent(macs)),
    ]);
    return section("Where the work is done", "The share of all multiplications that each precision has.",
        shareBar(kinds.map(([precision, {macs}]) => ({precision, part: macs}))),
        table("Share of the work by precision", ["Precision", "Layers", "Work"], rows, "share"));
}

export function consideredSection(considered) {
    if (!considered?.length) return "";
    const most = Math.max(...considered.map((one) => one.cost));
    const rows = considered.map(({precision, loss, cost}, i) => [
        precisionName(precision),
        exact(`considered.${i}.loss`, loss, loss === null ? "not measured: no faster" : `${brief(100 * loss)} points`),
        element("span", {class: "measure"}, lengthBar(cost / most, `${percent(cost / most)} of the slowest`, precision),
            exact(`considered.${i}.cost`, cost, percent(cost / most))),
    ]);
    return section("Precisions that were considered", "What each would lose, and the time its multiplications should take beside the slowest.",
        table("Precisions that were considered", ["Precision", "Loss", "Expected time"], rows, "considered"));
}

export function stayedSection(stayed) {
    if (!stayed?.length) return "";
    const rows = stayed.map(({layer, precision, why}, i) => [
        layer, precisionName(precision), exact(`stayed_higher.${i}.why`, why, why),
    ]);
    return section("Layers that stayed higher", "", element("details", {}, element("summary", {}, `${count(stayed.length, "layer")}, and why`),
        table("Layers that stayed in a higher precision", ["Layer", "Precision", "Why"], rows, "stayed")));
}

function decibels(layer) {
    if (layer.snr_db === null) return "same";
    return layer.snr_db <= NOT_FINITE_DB ? "not finite" : layer.snr_db.toFixed(1);
}

/* {key, name, ...}: raw outputs are layers that are called otherwise. */
function layersOf(measured) {
    const layers = (measured.layers ?? []).map((layer, i) => ({...layer, key: `measured.layers.${i}`}));
    const heads = (measured.heads ?? []).map((head, i) => ({...head, name: head.output, key: `measured.heads.${i}`}));
    return [...layers, ...heads];
}

function noiseTable(layers) {
    const axis = noiseAxis(layers);
    const rows = layers.map((layer) => [
        layer.name, element("span", {class: "kind"}, element("i", {class: layer.precision}), precisionName(layer.precision)),
        noiseDot(axis, layer), exact(`${layer.key}.snr_db`, layer.snr_db, decibels(layer)),
    ]);
    return table("Signal-to-noise ratio by layer", ["Layer", "Precision", noiseScale(axis), "SNR, dB"], rows, "noises");
}

function numbersTable(layers) {
    const told = (layer, name, tell) => (layer[name] === undefined || layer[name] === null ? "–" : exact(`${layer.key}.${name}`, layer[name], tell(layer[name])));
    const rows = layers.map((layer) => [
        layer.name, layer.op ?? "output", told(layer, "cosine", (value) => value.toFixed(6)), told(layer, "max", brief),
        told(layer, "clipped", percent), told(layer, "rescaled", String),
    ]);
    return element("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": "More numbers of each layer"},
        table("More numbers of each layer", ["Layer", "Operator", "Cosine", "Largest difference", "Clipped", "Rescaled channels"], rows, "numbers"));
}

export function noiseSection(measured) {
    const layers = layersOf(measured ?? {});
    if (!layers.length) return "";
    return section("Noise by layer", "The signal-to-noise ratio of each layer beside the same in FP32, from the input down to the raw " +
        "outputs: more decibels are less noise, 6 are one bit. A hollow dot is the same to the bit.",
    noiseTable(layers), element("details", {}, element("summary", {}, "More numbers of each layer"), numbersTable(layers)));
}
