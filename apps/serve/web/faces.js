// SPDX-License-Identifier: MIT
/** The faces as a table that can be read aloud and walked through; the row that has the focus is pointed out on the photo. */
import {element, find, write} from "./dom.js";
import {rove, settle} from "./roving.js";
import {Thumb} from "./thumb.js";

const body = find("faces");
const rows = []; /* made once, filled again: a row that has the focus keeps it */

function makeRow(pointed, picked) {
    const thumb = new Thumb(), number = element("span");
    const row = {thumb, number, face: null, cells: [element("td"), element("td"), element("td")]};
    row.button = element("button", {
        type: "button", "aria-pressed": "false",
        focus: () => pointed(row.face),
        blur: () => pointed(null),
        click: () => picked(row.face),
    }, thumb.canvas, element("span", {class: "unseen"}, "Face "), number);
    row.line = element("tr", {mouseenter: () => pointed(row.face), mouseleave: () => pointed(null)},
        element("th", {scope: "row"}, row.button), ...row.cells);
    return row;
}

function fillRow(row, face, index, picture, look, lit) {
    const [x1, y1, x2, y2] = face.box.map(Math.round);
    write(row.number, String(index + 1));
    write(row.cells[0], face.score.toFixed(3));
    write(row.cells[1], `${x1}, ${y1}`);
    write(row.cells[2], `${x2 - x1} × ${y2 - y1}`);
    row.line.classList.toggle("lit", face === lit);
    row.thumb.canvas.hidden = look.hide !== "off"; /* a list of the faces that are hidden would give them away */
    row.face = face;
    row.thumb.show(picture, face.box);
}

/**
 * @param pointed given the face that the pointer or the focus is on, or null
 * @param picked  given the face of a row that was pressed
 */
export function makeFaceList(pointed, picked) {
    rove(body);
    return {
        /** @param lit, chosen the face that is pointed out, and the one that stays so; null: none */
        show(faces, picture, look, lit, chosen) {
            while (rows.length < faces.length) rows.push(makeRow(pointed, picked));
            faces.forEach((face, i) => {
                fillRow(rows[i], face, i, picture, look, lit);
                rows[i].button.setAttribute("aria-pressed", String(face === chosen));
            });
            for (const row of rows.slice(faces.length)) row.thumb.show(null, null);
            if (body.children.length !== faces.length) {
                while (body.children.length > faces.length) body.lastChild.remove();
                body.append(...rows.slice(body.children.length, faces.length).map((row) => row.line));
                settle(body);
            }
            find("list").hidden = !faces.length;
        },
        focus(face) {
            const row = rows.find((r) => r.face === face);
            row?.button.focus();
            row?.line.scrollIntoView({block: "nearest"});
        },
    };
}
