/**
 * What the page does: asks every two seconds and shows the answer. Text is only ever set as text, so nothing that a
 * device sends becomes part of the page.
 */

export const PAGE_SCRIPT: string = `"use strict";
const EVERY_MS = 2000;
const byId = (id) => document.getElementById(id);
const shown = new Map();
let key = "";
let isFirst = true;

function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// A long name is cut on the page; pointing at it shows the whole.
function named(name) {
  const element = make("span", "name", name);
  element.title = name;
  return element;
}

function state(text, kind) {
  byId("state").textContent = text;
  byId("state").className = "state " + kind;
}

async function refresh() {
  try {
    const answer = await fetch("/page.json", { cache: "no-store", headers: key === "" ? {} : { "x-admin-key": key } });
    byId("main").hidden = answer.status !== 200;
    byId("locked").hidden = answer.status !== 401;
    if (answer.status === 200) {
      show(await answer.json());
      state("running", "live");
    } else state(answer.status === 401 ? "locked" : "refused", "");
  } catch {
    state("not reachable", "lost");
  }
  setTimeout(refresh, EVERY_MS);
}

function show(hub) {
  byId("host").textContent = hub.hostName + (hub.tier === null ? "" : " · " + hub.tier + " × " + hub.units);
  byId("devices-count").textContent = hub.deviceCount.toLocaleString();
  byId("connected-count").textContent = hub.connectedCount.toLocaleString();
  byId("messages-count").textContent = hub.messageCount.toLocaleString();
  const time = new Date(hub.time);
  byId("clock").textContent = time.toLocaleDateString() + " " + time.toLocaleTimeString();
  byId("clock-note").textContent = hub.frozen ? "hub time, frozen" : "hub time";
  if (byId("strings").childElementCount === 0) showStrings(hub);
  for (const [name, value] of hub.connectionStrings) strings.set(name, value);
  showDevices(hub);
  showMessages(hub);
  isFirst = false;
}

const strings = new Map();

function showStrings(hub) {
  for (const [name, value] of hub.connectionStrings) {
    const row = make("dd");
    row.append(make("code", "", value.replace(/(SharedAccessKey=)[^;]*/, "$1••••••••")));
    const copy = make("button", "button", "Copy");
    copy.setAttribute("aria-label", "Copy: " + name);
    copy.addEventListener("click", () => copyText(strings.get(name), copy));
    row.append(copy);
    const entry = make("div");
    entry.append(make("dt", "", name), row);
    byId("strings").append(entry);
  }
  for (const [name, port] of hub.ports) {
    const item = make("li", "", name);
    item.append(make("b", "", port));
    byId("ports").append(item);
  }
}

async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", "", text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  button.classList.add("done");
  setTimeout(() => {
    button.textContent = "Copy";
    button.classList.remove("done");
  }, 1500);
}

function showDevices({ devices, deviceCount }) {
  byId("no-devices").hidden = devices.length > 0;
  byId("devices-note").textContent = deviceCount > devices.length ? "the first " + devices.length : "";
  byId("devices").replaceChildren(...devices.map(deviceRow));
}

function deviceRow(device) {
  const row = make("li", "device");
  const isOn = device.connectionState === "Connected";
  const dot = make("span", isOn ? "dot on" : "dot");
  dot.title = device.connectionState;
  const facts = [isOn ? "connected" : "disconnected", device.protocol, device.authentication];
  if (device.lastActivityTime !== null) facts.push("active " + new Date(device.lastActivityTime).toLocaleTimeString());
  if (device.waiting > 0) facts.push(device.waiting + " waiting");
  row.append(dot, named(device.deviceId));
  row.append(device.status === "disabled" ? make("span", "tag bad", "disabled") : make("span"));
  row.append(make("span", "quiet", facts.filter(Boolean).join(" · ")));
  return row;
}

function showMessages({ messages }) {
  byId("no-messages").hidden = messages.length > 0;
  byId("messages-note").textContent = messages.length === 0 ? "" : "newest first, live";
  const keys = new Set(messages.map(({ key }) => key));
  for (const [key, row] of shown) {
    if (keys.has(key)) continue;
    row.remove();
    shown.delete(key);
  }
  for (const message of [...messages].reverse()) {
    if (shown.has(message.key)) continue;
    const row = messageRow(message);
    if (!isFirst) row.classList.add("fresh");
    shown.set(message.key, row);
    byId("messages").prepend(row);
  }
}

function messageRow(message) {
  const row = make("li", "message");
  const details = make("details");
  const summary = make("summary");
  summary.append(named(message.device), make("time", "", new Date(message.time).toLocaleTimeString()));
  summary.append(make("span", "preview mono", message.body || "(empty)"));
  details.append(summary, make("pre", "mono", pretty(message)));
  const pairs = make("div", "pairs");
  for (const [name, value] of message.pairs) pairs.append(make("span", "tag mono", name + " = " + value));
  if (message.pairs.length > 0) details.append(pairs);
  row.append(details);
  return row;
}

function pretty({ body }) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body || "(empty)";
  }
}

byId("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  key = byId("key").value.trim();
});

refresh();
`;
