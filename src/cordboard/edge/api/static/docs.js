"use strict";
/* Shows /openapi.json. Everything that comes from it is put in as text, never as markup. */

const METHODS = ["get", "post", "patch", "delete"];
const DEEPEST = 3;
let description = {};

const byId = (id) => document.getElementById(id);

/* Make an element: attributes, then children (texts, elements, lists of them; null is left out). */
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return made;
}

/* Show `code` in a sentence as code, the rest as it is. */
function prose(text) {
  return text.split(/`([^`]+)`/).map((part, index) => (index % 2 ? el("code", {}, part) : part));
}

function paragraphs(text) {
  return text.trim().split(/\n\s*\n/).map((part) => el("p", {}, prose(part.replace(/\n/g, " "))));
}

function resolved(value) {
  if (!value || !value.$ref) return value;
  const parts = value.$ref.replace(/^#\//, "").split("/");
  return resolved(parts.reduce((node, part) => node[part], description));
}

const pretty = (value) => JSON.stringify(value, null, 2);

/* ---- schemas ---- */

/* What a schema is about once references and "or null" are followed. */
function core(schema) {
  const one = resolved(schema);
  if (one.anyOf) return core(one.anyOf.find((part) => part.type !== "null"));
  return one.allOf ? Object.assign({}, ...one.allOf.map(resolved)) : one;
}

function canBeNull(schema) {
  const one = resolved(schema);
  const types = [].concat(one.type || []);
  return types.includes("null") || (one.anyOf || []).some((part) => part.type === "null");
}

function typeName(schema) {
  if (schema.not) return "refused";
  const one = core(schema);
  if (one.const !== undefined) return JSON.stringify(one.const);
  const type = [].concat(one.type || "anything").filter((each) => each !== "null")[0] || "null";
  const name = type === "array" ? `array of ${typeName(one.items || {})}` : type;
  return canBeNull(schema) && name !== "null" ? `${name} or null` : name;
}

function rules(schema) {
  const own = resolved(schema);
  const found = [];
  if (own.enum) found.push(`one of ${own.enum.filter((value) => value !== null).join(", ")}`);
  if (own.minimum !== undefined || own.maximum !== undefined) {
    const bounds = [["from", own.minimum], ["to", own.maximum]].filter(([, bound]) => bound !== undefined);
    found.push(bounds.map((bound) => bound.join(" ")).join(" "));
  }
  if (own.minLength || own.maxLength) found.push(`${own.minLength || 0} to ${own.maxLength ?? "any"} characters`);
  if (own.minItems || own.maxItems) found.push(`${own.minItems || 0} to ${own.maxItems ?? "any"} items`);
  if (own.format) found.push(`format ${own.format}`);
  if (own.default !== undefined) found.push(`${JSON.stringify(own.default)} when left out`);
  return found.join(" · ");
}

function fieldRow(name, schema, isRequired) {
  const said = resolved(schema);
  const example = said.example ?? (said.examples || [])[0];
  return el("tr", {},
    el("td", {}, el("code", { class: "name" }, name), isRequired && el("span", { class: "must" }, "required"),
      el("span", { class: "type" }, typeName(schema))),
    el("td", {}, prose(said.description || ""), rules(schema) && el("p", { class: "rules" }, rules(schema)),
      example != null && el("p", { class: "rules" }, "for example ", el("code", {}, JSON.stringify(example)))));
}

/* One row for a field and one for each field inside it: outer.inner, list[].inner. */
function fieldRows(name, schema, isRequired, showsRequired, depth = 0) {
  const one = core(schema);
  const item = one.items && core(one.items);
  const inside = item || one;
  const prefix = item ? `${name}[].` : `${name}.`;
  const rows = [fieldRow(name, schema, isRequired)];
  if (inside.properties && depth < DEEPEST) {
    for (const [field, part] of Object.entries(inside.properties)) {
      const isNeeded = showsRequired && (inside.required || []).includes(field);
      rows.push(...fieldRows(prefix + field, part, isNeeded, showsRequired, depth + 1));
    }
  }
  return rows;
}

function fieldTable(schema, title, showsRequired = false) {
  const one = core(schema);
  const required = showsRequired ? one.required || [] : [];
  const fields = Object.entries(one.properties || {});
  if (!fields.length) return null;
  return el("table", {}, el("caption", { class: "hidden" }, title),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Field"), el("th", { scope: "col" }, "Meaning"))),
    el("tbody", {}, fields.map(([name, field]) => fieldRows(name, field, required.includes(name), showsRequired))));
}

/* ---- one operation ---- */

const exampleOf = (parameter) => parameter.example ?? resolved(parameter.schema).default ?? "";
const bodyOf = (operation) => operation.requestBody?.content["application/json"];

function filled(path, values) {
  return path.replace(/\{([^}]+)\}/g, (_, name) => encodeURIComponent(values[name] ?? ""));
}

function curl(path, method, operation) {
  const values = {};
  for (const each of operation.parameters) if (each.in === "path") values[each.name] = exampleOf(each);
  const quote = (text) => `'${text.replace(/'/g, "'\\''")}'`;
  const lines = [`curl --request ${method.toUpperCase()}`, `--url ${quote(location.origin + filled(path, values))}`];
  const body = bodyOf(operation);
  if (operation.security.length) {
    lines.push("--header 'X-API-KEY: <api-key>'", "--header 'X-API-SECRET: <api-secret>'");
  }
  if (body) lines.push("--header 'Content-Type: application/json'", `--data ${quote(pretty(body.example ?? {}))}`);
  return lines.join(" \\\n  ");
}

function withCopy(title, text) {
  const button = el("button", { type: "button", class: "small" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return [el("div", { class: "bar" }, el("h4", {}, title), button), el("pre", { tabindex: 0 }, el("code", {}, text))];
}

function answersOf(operation) {
  const failures = [];
  const parts = [];
  for (const [status, answer] of Object.entries(operation.responses)) {
    const media = Object.values(answer.content || {})[0];
    if (media?.examples) {
      for (const [code, example] of Object.entries(media.examples)) failures.push([status, code, resolved(example)]);
      continue;
    }
    const headers = Object.keys(answer.headers || {}).filter((name) => name !== "X-Request-Id");
    const data = media && core(media.schema).properties?.data;
    parts.push(el("details", { class: "part", open: status === "200" && media?.example !== undefined },
      el("summary", {}, el("span", { class: "status good" }, status), answer.description),
      headers.length > 0 && el("p", { class: "quiet" }, "Headers: ", headers.join(", ")),
      media?.example !== undefined && el("pre", { tabindex: 0 }, el("code", {}, pretty(media.example))),
      media && el("details", { class: "code" }, el("summary", {}, "Fields"), fieldTable(data || media.schema, "Fields of the answer"))));
  }
  parts.push(el("details", { class: "part" }, el("summary", {}, `Errors (${failures.length})`),
    failures.map(([status, code, example]) => el("details", { class: "code" },
      el("summary", {}, el("span", { class: "status bad" }, status), el("code", {}, code), " ", example.summary),
      el("pre", { tabindex: 0 }, el("code", {}, pretty(example.value)))))));
  return parts;
}

function parameterTable(operation) {
  if (!operation.parameters.length) return null;
  return [el("h4", {}, "Parameters"), el("table", {},
    el("caption", { class: "hidden" }, "Parameters"),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Name"), el("th", { scope: "col" }, "Meaning"))),
    el("tbody", {}, operation.parameters.map((each) => {
      const row = fieldRow(each.name, { ...each.schema, description: each.description, example: each.example }, each.required);
      row.querySelector(".type").append(` in ${each.in}`);
      return row;
    })))];
}

function section(path, method, operation) {
  const body = bodyOf(operation);
  const id = operation.operationId;
  const fields = body && fieldTable(body.schema, "Fields of the body", true);
  const made = el("article", { class: "panel", id, "aria-labelledby": `${id}-title` },
    el("h3", { id: `${id}-title` }, operation.summary),
    el("div", { class: "signature" }, el("span", { class: `method ${method}` }, method), el("span", { class: "path" }, path)),
    operation.description && el("p", {}, prose(operation.description)),
    parameterTable(operation),
    fields && [el("h4", {}, operation.requestBody.required ? "Body" : "Body, may be left out"), fields],
    withCopy("curl", curl(path, method, operation)),
    answersOf(operation),
    tryIt(path, method, operation));
  made.dataset.words = [path, method, operation.summary, operation.description, made.textContent].join(" ").toLowerCase();
  return made;
}

/* ---- try it ---- */

function tryIt(path, method, operation) {
  const id = operation.operationId;
  const inputs = operation.parameters.map((each) => {
    const choices = resolved(each.schema).enum;
    const shared = { name: each.name, "data-in": each.in, required: each.required === true };
    const input = choices
      ? el("select", shared, el("option", { value: "" }, ""), choices.map((value) => el("option", {}, value)))
      : el("input", { ...shared, spellcheck: "false", value: each.in === "path" ? each.example : "" });
    return el("label", {}, each.name, input);
  });
  const body = bodyOf(operation);
  const text = body && el("textarea", { name: "body", spellcheck: "false" });
  if (text) text.value = pretty(body.example ?? {});
  const answer = el("div", { class: "answer", role: "status", "aria-live": "polite" });
  const send = el("button", { type: "submit" }, "Send");
  const form = el("form", { autocomplete: "off", "aria-label": `Try ${operation.summary}` },
    inputs.length > 0 && el("div", { class: "row" }, inputs),
    text && el("label", {}, "Body", text),
    el("div", { class: "actions" }, send,
      operation.security.length > 0 && el("span", { class: "quiet" }, "with the ", el("a", { href: "#introduction" }, "key pair"), " above")),
    answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    answer.replaceChildren("Sending …");
    answer.replaceChildren(...await sent(path, method, operation, form));
    send.disabled = false;
  });
  return el("details", { class: "part", id: `${id}-try` }, el("summary", {}, "Try it"), form);
}

async function sent(path, method, operation, form) {
  const headers = {};
  const values = {};
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("[data-in]")) {
    if (input.dataset.in === "path") values[input.name] = input.value;
    else if (input.value && input.dataset.in === "query") query.set(input.name, input.value);
    else if (input.value) headers[input.name] = input.value;
  }
  if (operation.security.length) {
    headers["X-API-KEY"] = byId("api-key").value.trim();
    headers["X-API-SECRET"] = byId("api-secret").value.trim();
  }
  const body = form.elements.body?.value;
  if (body) headers["Content-Type"] = "application/json";
  const url = filled(path, values) + (query.size ? `?${query}` : "");
  const started = performance.now();
  try {
    const response = await fetch(url, { method: method.toUpperCase(), headers, body, credentials: "omit", redirect: "error" });
    return shown(response, await response.text(), performance.now() - started);
  } catch (error) {
    return [el("p", {}, el("span", { class: "status bad" }, "No answer"), String(error.message))];
  }
}

function shown(response, text, milliseconds) {
  let content = text;
  try { content = pretty(JSON.parse(text)); } catch { /* It is no JSON, and shown as it came. */ }
  const kind = response.ok ? "good" : "bad";
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  return [
    el("p", {}, el("span", { class: `status ${kind}` }, `${response.status} ${response.statusText}`),
      el("span", { class: "quiet" }, `${Math.round(milliseconds)} ms`)),
    content && el("pre", { tabindex: 0 }, el("code", {}, content)),
    el("details", { class: "code" }, el("summary", {}, "Headers"), el("pre", { tabindex: 0 }, el("code", {}, headers))),
  ].filter(Boolean);
}

/* ---- the whole page ---- */

function everyOperation() {
  return Object.entries(description.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => [path, method, item[method]]));
}

function showErrors() {
  byId("error-list").append(...Object.entries(description.components.examples).map(([code, example]) =>
    el("details", { class: "code part", id: `error-${code}` },
      el("summary", {}, el("code", {}, code), " ", example.summary),
      el("p", {}, prose(example.description || "")),
      el("pre", { tabindex: 0 }, el("code", {}, pretty(example.value))))));
  byId("errors").hidden = false;
}

function show() {
  byId("version").textContent = description.info.version;
  byId("about").append(...paragraphs(description.info.description));
  for (const tag of description.tags) {
    const operations = everyOperation().filter(([, , operation]) => operation.tags[0] === tag.name);
    byId("endpoints").append(el("section", {},
      el("div", { class: "group" }, el("h2", {}, tag.name), el("p", { class: "quiet" }, tag.description)),
      operations.map((each) => section(...each))));
    byId("links").append(el("h2", {}, tag.name), el("ul", {}, operations.map(([, method, operation]) =>
      el("li", {}, el("a", { href: `#${operation.operationId}` },
        el("span", { class: `method ${method}` }, method), operation.summary)))));
  }
  byId("links").append(el("h2", {}, "More"), el("ul", {}, el("li", {}, el("a", { href: "#errors" }, "Errors"))));
  showErrors();
}

/* Show only the endpoints in whose text every word of the search stands. */
function search() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const article of document.querySelectorAll("article")) {
    article.hidden = !words.every((word) => article.dataset.words.includes(word));
    found += !article.hidden;
    document.querySelector(`nav a[href="#${article.id}"]`).parentElement.hidden = article.hidden;
  }
  for (const group of document.querySelectorAll("#endpoints > section")) {
    group.hidden = !group.querySelector("article:not([hidden])");
  }
  byId("nothing").hidden = found > 0;
}

function markPlace() {
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === location.hash) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  if (matchMedia("(max-width: 60rem)").matches) byId("menu").open = false;
}

async function start() {
  if (matchMedia("(max-width: 60rem)").matches) byId("menu").open = false;
  try {
    const response = await fetch("/openapi.json", { credentials: "omit" });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    description = await response.json();
  } catch (error) {
    byId("loading").textContent = `The description cannot be read: ${error.message}. Reload to try again.`;
    return;
  }
  byId("loading").hidden = true;
  show();
  byId("search").addEventListener("input", search);
  byId("pair").addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", markPlace);
  markPlace();
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

start();
