// SPDX-License-Identifier: MIT
/** Numbers as people read them. */

export const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** Three digits that count: 0.0912, 3.41, 1250. */
export function brief(value) {
    if (!Number.isFinite(value)) return "–";
    if (Number.isInteger(value)) return String(value);
    return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

export const percent = (part) => `${brief(100 * part)} %`;

/** "stayed_higher" as "stayed higher". */
export const spoken = (key) => key.replaceAll("_", " ");

/** "int8" as "INT8". */
export const precisionName = (precision) => (/^(fp|bf|int)\d+$/.test(precision) ? precision.toUpperCase() : precision);
