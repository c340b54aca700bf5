// SPDX-License-Identifier: MIT
/** Where the time of an answer went: a stacked bar and the same in numbers. */
import {element, find, shape} from "./dom.js";

/* Keys of the server's "timing", and what they are called. */
const STAGES = [
    ["queue", "waiting"], ["decode", "decoding the photo"], ["preprocess", "making the input"], ["network", "network"],
    ["postprocess", "finding the boxes"],
];

/* What is left of the way there and back: sending the photo, reading the answer. */
function stagesOf(answer) {
    const parts = STAGES.map(([key, words]) => ({key, words, ms: answer.timing[key] ?? 0}));
    const known = parts.reduce((sum, part) => sum + part.ms, 0);
    return [...parts, {key: "rest", words: "sending and answering", ms: Math.max(0, answer.trip_ms - known)}];
}

function bar(parts, total) {
    let at = 0;
    return shape("svg", {class: "bar", role: "img", "aria-label": "Share of each stage; the numbers follow"}, ...parts.map(({key, ms}) => {
        const part = shape("rect", {class: key, x: `${(100 * at) / total}%`, width: `${(100 * ms) / total}%`, height: "100%"});
        at += ms;
        return part;
    }));
}

const line = (kind, words, value) => element("div", {class: kind}, element("dt", {}, words), element("dd", {}, value));

/** @param rate pictures of the camera a second; 0: no camera */
export function showTiming(answer, rate) {
    find("time").hidden = !answer?.timing;
    if (!answer?.timing) return;
    const parts = stagesOf(answer), total = Math.max(answer.trip_ms, Number.EPSILON);
    const rows = parts.map(({key, words, ms}) =>
        element("div", {}, element("dt", {}, element("i", {class: key}), words), element("dd", {}, `${ms.toFixed(1)} ms`)));
    rows.push(line("total", "in all", `${total.toFixed(1)} ms`));
    if (rate) rows.push(line("", "pictures a second", rate.toFixed(1)));
    find("timing").replaceChildren(bar(parts, total), element("dl", {}, ...rows));
}
