// SPDX-License-Identifier: MIT
/** The drawings of a certificate. Each stands beside the numbers it shows, and says in words what it is. */
import {shape} from "./dom.js";
import {brief, percent, precisionName} from "./words.js";

const STEP_DB = 10, LOWEST_DB = -20, HIGHEST_DB = 300, ROW = 20; /* the last in pixels */

/** A bar in parts. @param parts [{precision, part: 0..1}] */
export function shareBar(parts) {
    const words = parts.map(({precision, part}) => `${precisionName(precision)} ${percent(part)}`).join(", ");
    let at = 0;
    return shape("svg", {class: "bar", role: "img", "aria-label": `Share of the work: ${words}`}, ...parts.map(({precision, part}) => {
        const piece = shape("rect", {class: precision, x: `${100 * at}%`, width: `${100 * part}%`, height: "100%"});
        at += part;
        return piece;
    }));
}

/** A bar from the left. @param part 0..1 of the room */
export function lengthBar(part, label, kind) {
    return shape("svg", {class: "length", role: "img", "aria-label": label, height: ROW},
        shape("rect", {class: kind, x: 0, y: ROW / 4, width: `${100 * part}%`, height: ROW / 2, rx: 2}));
}

/** The range of an axis that has room for all layers, whatever a certificate says of them: whole tens of decibels. */
export function noiseAxis(layers) {
    const known = layers.map((layer) => layer.snr_db).filter((db) => db !== null);
    return {
        low: Math.max(LOWEST_DB, Math.min(0, ...known.map((db) => STEP_DB * Math.floor(db / STEP_DB)))),
        high: Math.min(HIGHEST_DB, Math.max(STEP_DB, ...known.map((db) => STEP_DB * Math.ceil(db / STEP_DB)))),
    };
}

function place(axis, db) {
    const inside = Math.min(Math.max(db, axis.low), axis.high);
    return `${(100 * (inside - axis.low)) / (axis.high - axis.low)}%`;
}

function marksOf(axis) {
    const step = axis.high - axis.low > 5 * STEP_DB ? 2 * STEP_DB : STEP_DB, marks = [];
    for (let db = axis.low; db <= axis.high; db += step) marks.push(db);
    return marks;
}

/** The numbers above the column of dots. */
export function noiseScale(axis) {
    return shape("svg", {class: "noise", "aria-hidden": "true", height: ROW}, ...marksOf(axis).map((db) =>
        shape("text", {x: place(axis, db), y: ROW - 6, "text-anchor": "middle"}, String(db))));
}

/** One layer's dot; hollow, at the right end, where it is the same to the bit. */
export function noiseDot(axis, layer) {
    const same = layer.snr_db === null, x = same ? "100%" : place(axis, layer.snr_db), y = ROW / 2;
    const label = same ? "same to the bit" : `${brief(layer.snr_db)} decibels`;
    return shape("svg", {class: "noise", role: "img", "aria-label": label, height: ROW},
        ...marksOf(axis).map((db) => shape("line", {class: "grid", x1: place(axis, db), x2: place(axis, db), y1: 0, y2: ROW})),
        shape("line", {class: "stem", x1: 0, x2: x, y1: y, y2: y}),
        shape("circle", {class: `${layer.precision} ${same ? "hollow" : ""}`, cx: x, cy: y, r: 4}));
}
