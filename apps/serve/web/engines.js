// SPDX-License-Identifier: MIT
/** Which engine looks at the photos: a choice where several are loaded. */
import {element, find, write} from "./dom.js";
import {precisionName} from "./words.js";

const select = find("engine");

const nameOf = (engine) => `${engine.name}, ${precisionName(engine.precision)}, version ${engine.version}`;
const isSame = (a, b) => a.name === b.name && a.version === b.version;

const placeOf = (engine) => `on ${engine.device ?? (engine.backend === "cpu" ? "the processor" : engine.backend)}`;

/**
 * @param list   what GET /models gave
 * @param chosen given the engine, at once for the one to begin with
 */
export function chooseEngine(list, chosen) {
    const ready = list.models.filter((model) => model.ready);
    if (!ready.length) throw new Error("The server has no engine that is ready: load one, then reload this page.");
    const first = ready.findLast((model) => model.name === list.default) ?? ready[0];
    const take = (engine) => {
        write(find("engine-name"), ready.length > 1 ? `Runs ${placeOf(engine)}` : `${nameOf(engine)}, ${placeOf(engine)}`);
        chosen(engine);
    };
    select.hidden = find("engine-label").hidden = ready.length < 2;
    select.replaceChildren(...ready.map((engine, i) => element("option", {value: i, selected: isSame(engine, first)}, nameOf(engine))));
    select.addEventListener("change", () => take(ready[Number(select.value)]));
    take(first);
}
