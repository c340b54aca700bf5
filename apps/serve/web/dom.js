// SPDX-License-Identifier: MIT
/** Elements of the page, found and made. */

export const find = (id) => document.getElementById(id);

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function") node.addEventListener(name, value);
        else if (value === true) node.setAttribute(name, "");
        else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
}

/** @param attributes functions become listeners; false, null and undefined are left out */
export function element(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
}

/** The same for a part of an SVG drawing. */
export function shape(tag, attributes = {}, ...children) {
    return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** `text` into an element; nothing happens where it is there already, so that live regions speak of changes only. */
export function write(node, text) {
    if (node.textContent !== text) node.textContent = text;
}
