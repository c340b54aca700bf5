// SPDX-License-Identifier: MIT
/** What the browser test asks of the page, put beside the page's own scripts. Everything here reads; nothing knows the page's code. */
(() => {
    const two = (f) => requestAnimationFrame(() => requestAnimationFrame(f));
    const find = (id) => document.getElementById(id);
    const shown = (node) => node.checkVisibility({checkOpacity: true, checkVisibilityCSS: true});

    /* ---------------------------------------------------------------- faces */

    /** The table's rows as arrays of text. */
    function rows() {
        return [...document.querySelectorAll("#faces tr")].map((row) =>
            [...row.cells].map((cell) => cell.textContent.trim().replace(/\s+/g, " ")));
    }

    /** Moves a slider; what the table has after the next frame. */
    function slide(values, done) {
        for (const [id, value] of Object.entries(values)) {
            find(id).value = value;
            find(id).dispatchEvent(new Event("input", {bubbles: true}));
        }
        two(() => done({rows: rows(), count: find("count").textContent}));
    }

    /* A canvas that is read here, not by the page, which would be slower from then on. */
    function copied(drawn) {
        const context = new OffscreenCanvas(drawn.width, drawn.height).getContext("2d", {willReadFrequently: true});
        context.drawImage(drawn, 0, 0);
        return context;
    }

    /** Colours of the stage at points of the photo, as [r, g, b]. @param width of the photo */
    function stage(points, width) {
        const context = copied(find("canvas")), scale = find("canvas").width / width;
        return points.map(([x, y]) => [...context.getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1).data].slice(0, 3));
    }

    /* ---------------------------------------------------------------- pictures */

    async function picture(base64) {
        return createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
    }

    async function pixels(base64) {
        const context = copied(await picture(base64));
        return context.getImageData(0, 0, context.canvas.width, context.canvas.height);
    }

    /* The middle of a pixel that a browser touches lies farther out by half its diagonal, and by what curves are drawn inexactly. */
    const EDGE = 1.5;
    const within = ([x1, y1, x2, y2], x, y) => {
        const rx = (x2 - x1) / 2 + EDGE, ry = (y2 - y1) / 2 + EDGE;
        return ((x + 0.5 - (x1 + x2) / 2) / rx) ** 2 + ((y + 0.5 - (y1 + y2) / 2) / ry) ** 2 <= 1;
    };

    /** How two pictures differ: pixels inside and outside of the ellipses that fill the boxes. */
    async function difference(a64, b64, boxes, done) {
        const [a, b] = [await pixels(a64), await pixels(b64)];
        const result = {a: [a.width, a.height], b: [b.width, b.height], inside: 0, changed: 0, outside: 0};
        for (let y = 0; y < a.height; y++)
            for (let x = 0; x < a.width; x++) {
                const at = 4 * (y * a.width + x), same = [0, 1, 2].every((i) => a.data[at + i] === b.data[at + i]);
                const inside = boxes.some((box) => within(box, x, y));
                result.inside += inside;
                result.changed += inside && !same;
                result.outside += !inside && !same;
            }
        done(result);
    }

    /** Colours that a box of a picture has. */
    async function colours(base64, [x1, y1, x2, y2], done) {
        const {data, width} = await pixels(base64), seen = new Set();
        for (let y = Math.ceil(y1); y < y2; y++)
            for (let x = Math.ceil(x1); x < x2; x++) seen.add(data.slice(4 * (y * width + x), 4 * (y * width + x) + 3).join());
        done(seen.size);
    }

    /** A picture in another format; `done` gets its bytes. */
    async function encoded(base64, type, done) {
        const file = await copied(await picture(base64)).canvas.convertToBlob({type, quality: 0.95});
        done(btoa([...new Uint8Array(await file.arrayBuffer())].map((byte) => String.fromCharCode(byte)).join("")));
    }

    /** A PNG into the clipboard; `done` gets null, or why not. */
    function copy(base64, done) {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        navigator.clipboard.write([new ClipboardItem({"image/png": new Blob([bytes], {type: "image/png"})})])
            .then(() => done(null), (failure) => done(String(failure)));
    }

    /* ---------------------------------------------------------------- looks */

    const parse = (colour) => {
        const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
        return {r, g, b, a};
    };

    function luminance({r, g, b}) {
        const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    }

    /* The first ground below that is opaque: the page lays no half transparent ones under text. */
    function groundOf(node) {
        for (let at = node; at; at = at.parentElement) {
            const ground = parse(getComputedStyle(at).backgroundColor);
            if (ground.a === 1) return ground;
            if (ground.a !== 0) throw new Error(`half transparent ground: ${at.outerHTML.slice(0, 100)}`);
        }
        return parse(getComputedStyle(document.documentElement).backgroundColor);
    }

    function texts() {
        const walker = document.createTreeWalker(document.querySelector("dialog[open]") ?? document.body, NodeFilter.SHOW_TEXT), found = [];
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const parent = node.parentElement;
            const skip = !node.data.trim() || ["SCRIPT", "STYLE", "OPTION"].includes(parent.tagName) || parent.closest(".unseen");
            if (!skip && shown(parent)) found.push({node, parent});
        }
        return found;
    }

    /** {least: the least contrast of a text with its ground, of: that text, texts: how many} */
    function contrast() {
        let least = {least: Infinity, of: "", texts: 0};
        for (const {node, parent} of texts()) {
            const style = getComputedStyle(parent), ink = parse(parent instanceof SVGElement ? style.fill : style.color);
            const [a, b] = [luminance(ink), luminance(groundOf(parent))].sort((x, y) => y - x);
            const ratio = (a + 0.05) / (b + 0.05);
            least = ratio < least.least ? {least: ratio, of: node.data.trim(), texts: least.texts + 1} : {...least, texts: least.texts + 1};
        }
        return least;
    }

    /** Texts that stick out of the page, or of what clips them. */
    function clipped() {
        const range = document.createRange(), out = [];
        for (const {node, parent} of texts()) {
            if (parent.closest(".scroll")) continue; /* may be scrolled to */
            range.selectNodeContents(node);
            const text = range.getBoundingClientRect();
            let left = 0, right = innerWidth;
            for (let at = parent; at && at !== document.body; at = at.parentElement) {
                if (getComputedStyle(at).overflowX === "visible") continue;
                const room = at.getBoundingClientRect();
                [left, right] = [Math.max(left, room.left), Math.min(right, room.right)];
            }
            if (text.left < left - 1 || text.right > right + 1) out.push(node.data.trim());
        }
        return out;
    }

    /** {page: pixels that the page is wider than the window, inner: what else scrolls sideways} */
    function overflow() {
        const wide = [...document.querySelectorAll("body *")].filter((node) => node.scrollWidth > node.clientWidth + 1 &&
            /auto|scroll/.test(getComputedStyle(node).overflowX) && shown(node) && !node.matches(".scroll, #strip, select"));
        return {page: document.documentElement.scrollWidth - innerWidth, inner: wide.map((node) => node.id || node.className)};
    }

    /* ---------------------------------------------------------------- the certificate */

    /** key -> {exact: the value, text: what is read} */
    function certificate() {
        return Object.fromEntries([...document.querySelectorAll("#certificate data")].map((node) =>
            [node.dataset.key, {exact: JSON.parse(node.value), text: node.textContent}]));
    }

    /** The dots of the plot: [name, precision, place from 0 to 1, hollow]. */
    function noise() {
        return [...document.querySelectorAll("#certificate .noises tbody tr")].map((row) => {
            const dot = row.querySelector("circle");
            return [row.cells[0].textContent, row.cells[1].textContent, parseFloat(dot.getAttribute("cx")) / 100, dot.classList.contains("hollow")];
        });
    }

    /* ---------------------------------------------------------------- what goes on */

    /** [from, to] of each question to the server, in milliseconds. */
    function questions() {
        return performance.getEntriesByType("resource").filter((entry) => new URL(entry.name).pathname === "/detect")
            .map((entry) => [entry.startTime, entry.responseEnd]);
    }

    /* Nothing lies over the middle of what is seen of it. */
    function isUncovered(node) {
        const {left, top, width, height} = node.getBoundingClientRect(), above = document.elementFromPoint(left + width / 2, top + height / 2);
        return above !== null && (node.contains(above) || above.contains(node));
    }

    /** What has the focus, and how: [tag, id or name and value, whether a ring shows, whether it is not covered] */
    function focused() {
        const node = document.activeElement, ring = node.closest("label") ?? node;
        const seen = [node, ring].some((one) => getComputedStyle(one).outlineStyle === "solid" && parseFloat(getComputedStyle(one).outlineWidth) >= 2);
        const name = node.id || [node.name, node.value].filter(Boolean).join("=") || node.textContent.trim();
        return [node.tagName.toLowerCase(), name, seen, isUncovered(ring)];
    }

    window.probe = {rows, slide, stage, difference, colours, encoded, copy, contrast, clipped, overflow, certificate, noise, questions, focused};
})();
