"use strict";

// Shows openapi.json. All text goes in as text, never as markup.

const byId = (id) => document.getElementById(id);

function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children.filter((child) => child !== undefined && child !== ""));
  return made;
}

/** A schema in a few words, with links to the models that it names. */
function inWords(schema) {
  if (schema === undefined) return ["anything"];
  if (schema.$ref) return [link(schema.$ref.split("/").pop())];
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices && !schema.type) return between(choices.map(inWords), " or ");
  if (schema.const !== undefined) return [code(JSON.stringify(schema.const))];
  if (schema.enum) return oneOf(schema.enum);
  if (schema.type === "array") return ["list of ", ...inWords(schema.items), limits(schema)];
  if (schema.type === "object" && schema.additionalProperties) return ["object of ", ...inWords(schema.additionalProperties)];
  return [schema.type ?? "anything", limits(schema)];
}

function oneOf(values) {
  const shown = values.slice(0, 8).map((value) => [code(JSON.stringify(value))]);
  return values.length > 8 ? [...between(shown, ", "), `, … (${values.length} in all)`] : between(shown, " or ");
}

function limits(schema) {
  const said = [
    ["minimum", "at least"], ["maximum", "at most"], ["minLength", "characters at least"],
    ["maxLength", "characters at most"], ["minItems", "items at least"], ["maxItems", "items at most"],
    ["pattern", "pattern"], ["default", "default"],
  ].filter(([key]) => schema[key] !== undefined).map(([key, words]) => `${words} ${JSON.stringify(schema[key])}`);
  return said.length ? ` (${said.join(", ")})` : "";
}

const between = (lists, text) => lists.flatMap((list, index) => (index ? [text, ...list] : list));
const code = (text) => element("code", text);

function link(model) {
  const made = element("a", model);
  made.href = `#model-${model}`;
  return made;
}

function table(caption, columns, rows) {
  if (!rows.length) return "";
  const head = element("tr", ...columns.map((column) => {
    const cell = element("th", column);
    cell.scope = "col";
    return cell;
  }));
  const body = rows.map((cells) => element("tr", ...cells.map((cell) => element("td", ...[cell].flat()))));
  const made = element("div", element("table", element("caption", caption), element("thead", head), element("tbody", ...body)));
  made.className = "wide";
  return made;
}

function operation(path, method, details) {
  const parameters = details.parameters.map((parameter) => [
    code(parameter.name), `${parameter.in}${parameter.required ? ", required" : ""}`, inWords(parameter.schema),
    parameter.description ?? "",
  ]);
  const bodies = Object.entries(details.requestBody?.content ?? {}).map(([type, { schema }]) => [code(type), inWords(schema)]);
  const answers = Object.entries(details.responses).map(([status, answer]) => [
    code(status), answer.description, between(Object.entries(answer.content).map(contents), " or "),
    Object.keys(answer.headers ?? {}).join(", "),
  ]);
  const title = element("summary", code(`${method.toUpperCase()} ${path}`), " ", element("span", details.summary));
  return element(
    "details", title,
    table("Parameters", ["Name", "Where", "What", "Meaning"], parameters),
    table("Body", ["Type", "What"], bodies),
    table("Answers", ["Status", "When", "What", "Headers"], answers),
  );
}

const contents = ([type, { schema }]) => (schema ? inWords(schema) : [code(type)]);

function model([name, schema]) {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([field, kind]) => [
    code(field), required.has(field) ? "yes" : "no", inWords(kind), kind.description ?? "",
  ]);
  const made = element(
    "details", element("summary", code(name), " ", element("span", schema.description ?? "")),
    fields.length ? table("Fields", ["Name", "Required", "What", "Meaning"], fields) : element("p", ...inWords(schema)),
  );
  made.id = `model-${name}`;
  return made;
}

/** Opens what the address points at, so that a link to a model shows it. */
function openTarget() {
  const target = location.hash.length > 1 ? byId(decodeURIComponent(location.hash.slice(1))) : null;
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.querySelector("summary").focus();
  }
}

async function show() {
  const response = await fetch("openapi.json").catch(() => null);
  if (!response?.ok) {
    byId("operations").replaceChildren(element("p", "The shop does not answer; try again in a moment."));
    return;
  }
  const { paths, components } = await response.json();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, details]) => operation(path, method, details)));
  byId("operations").replaceChildren(...operations);
  byId("models").replaceChildren(...Object.entries(components.schemas).map(model));
  openTarget();
}

addEventListener("hashchange", openTarget);
show();
