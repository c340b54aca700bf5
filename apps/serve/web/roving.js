// SPDX-License-Identifier: MIT
/** A list with one tab stop: arrows, Home and End move within it, so that a crowd is not a hundred stops. */

const STEPS = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1};

function target(key, at, count) {
    if (key === "Home") return 0;
    if (key === "End") return count - 1;
    return STEPS[key] ? Math.min(Math.max(at + STEPS[key], 0), count - 1) : -1;
}

/** @param parent whose buttons are the list, now and later */
export function rove(parent) {
    parent.addEventListener("keydown", (event) => {
        const buttons = [...parent.querySelectorAll("button")];
        const next = target(event.key, buttons.indexOf(event.target), buttons.length);
        if (next < 0) return;
        event.preventDefault();
        settle(parent, buttons[next]);
        buttons[next].focus();
    });
    parent.addEventListener("focusin", (event) => settle(parent, event.target));
}

/** Makes `stop` the one that Tab reaches; by default the one that was, or the first. */
export function settle(parent, stop) {
    const buttons = [...parent.querySelectorAll("button")];
    const chosen = stop ?? buttons.find((button) => button.tabIndex === 0) ?? buttons[0];
    for (const button of buttons) button.tabIndex = button === chosen ? 0 : -1;
}
