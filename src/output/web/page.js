"use strict";
// The board in a browser: frames come as server-sent events, keys and clicks go back as requests.
const board = document.getElementById("board");
const signal = document.getElementById("signal");
const login = document.getElementById("login");
const back = document.getElementById("back");
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];
const SILENCE = 4000;     // something comes each second; without it for so long nothing is fresh
const IDLE = 3000;        // what is not of the board goes when nothing is moved for so long
const READABLE = /[\p{L}\p{N}]/u;
const classes = new Map();
let stream = null, viewer = "", size = "", cell = [8, 17], heard = Date.now(), lost = "", again = 0, idle = 0, fitted = 0, sending = Promise.resolve();

const ROWS_OF_A_PHONE = 64;

// The width of a character, and the height of a row, as they are on the page.
function cellOf() {
  const probe = document.createElement("span");
  probe.textContent = "0".repeat(100);
  const line = document.createElement("div");
  line.append(probe);
  board.append(line);
  const [wide, high] = [probe.getBoundingClientRect().width / 100, line.getBoundingClientRect().height];
  line.remove();
  return [wide, high];
}

// A cell has whole pixels of the screen, and a row is as high as the glyphs of the font: between blocks is no line.
function fit() {
  if (fitted === devicePixelRatio) return;
  fitted = devicePixelRatio;
  const set = (name, pixels) => document.documentElement.style.setProperty(name, `${pixels}px`);
  for (const name of ["--size", "--gap"]) document.documentElement.style.removeProperty(name);
  const style = getComputedStyle(board);
  const [wide] = cellOf();
  const whole = Math.round(wide * fitted) / fitted;
  const size = parseFloat(style.fontSize) * whole / wide;
  set("--size", size);
  // Fonts come in steps of their own.
  set("--gap", whole - cellOf()[0]);
  set("--cell", whole);
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${size}px ${style.fontFamily}`;
  const box = pen.measureText("█");
  set("--row", Math.floor(box.fontBoundingBoxAscent + box.fontBoundingBoxDescent) || 17);
}

function measure() {
  fit();
  cell = cellOf();
  const columns = Math.max(20, Math.min(500, Math.floor(document.documentElement.clientWidth / cell[0])));
  const rows = Math.floor(window.innerHeight / cell[1]);
  // What is narrow is scrolled.
  return `${columns}x${Math.max(10, Math.min(200, columns < 80 ? Math.max(rows, ROWS_OF_A_PHONE) : rows))}`;
}

function styled([front, behind, letters]) {
  const key = `${front} ${behind} ${letters}`;
  let name = classes.get(key);
  if (!name) {
    name = `s${classes.size}`;
    classes.set(key, name);
    let rule = "";
    if (front) rule += `color:${front};`;
    if (behind) rule += `background:${behind};`;
    if (letters.includes("b")) rule += "font-weight:bold;";
    if (letters.includes("d")) rule += "opacity:.6;";
    if (letters.includes("u")) rule += "text-decoration:underline;";
    sheet.insertRule(`.${name}{${rule}}`);
  }
  return name;
}

function wide(columns) {
  const name = `w${columns}`;
  if (!classes.has(name)) {
    classes.set(name, name);
    sheet.insertRule(`.${name}{width:calc(${columns} * var(--cell, 1ch))}`);
  }
  return name;
}

function draw(picture) {
  if (picture.whole) {
    board.replaceChildren(...Array.from({ length: picture.rows }, () => document.createElement("div")));
    board.className = styled(picture.ground);
    document.body.className = board.className;
  }
  const names = picture.styles.map(styled);
  for (const [y, runs] of picture.changed) {
    board.children[y]?.replaceChildren(...runs.map(([, columns, style, text]) => {
      const span = document.createElement("span");
      span.className = `${names[style]} ${wide(columns)}`;
      span.textContent = text;
      // Drawings are not read out; the panels are, each in a sentence.
      if (!READABLE.test(text)) span.setAttribute("aria-hidden", "true");
      return span;
    }));
  }
}

// What is drawn in large letters is told as well.
function tell(panels) {
  const list = document.getElementById("panels");
  while (list.children.length > panels.length) list.lastElementChild.remove();
  panels.forEach((words, n) => {
    const item = list.children[n] ?? list.appendChild(document.createElement("li"));
    if (item.textContent !== words) item.textContent = words;
  });
}

function light() { return matchMedia("(prefers-color-scheme: light)").matches ? "&light=1" : ""; }

// What is looked at stands behind the #, or as a link has it behind the ?.
function address() { return (location.hash || location.search).slice(1); }

function connect() {
  clearTimeout(again);
  stream?.close();
  size = measure();
  stream = new EventSource(`stream?size=${size}${light()}&${address()}`);
  const on = (name, act) => stream.addEventListener(name, (event) => {
    heard = Date.now();
    if (lost) say("");
    act(JSON.parse(event.data));
  });
  on("viewer", (id) => {
    viewer = id;
    // Who is about to enter a token goes on with that.
    if (back.hidden) login.hidden = true;
    offer();
  });
  on("title", (title) => { document.title = title; });
  on("picture", draw);
  on("verdict", (words) => { document.getElementById("verdict").textContent = words; });
  on("panels", tell);
  on("address", (text) => history.replaceState(null, "", text ? `#${text}` : location.pathname));
  on("alive", () => {});
  on("farewell", (why) => { say(why); });
  stream.onerror = () => { stream.close(); refused(); };
}

// Why there is no stream: it may be that a token is needed.
async function refused() {
  let why = "the server cannot be reached";
  try {
    const answer = await fetch("session", { cache: "no-store" });
    if (answer.status === 401) {
      ask(false);
      say("");
      return;
    }
    why = answer.ok ? "the stream has ended" : (await answer.json()).error;
  } catch { /* the server cannot be reached */ }
  say(why);
  again = setTimeout(connect, 1000);
}

// Whether there is a token to enter, or to take back.
async function offer() {
  let is = "";
  try {
    is = (await (await fetch("session", { cache: "no-store" })).json()).login;
  } catch { /* the stream finds that there is no server */ }
  document.getElementById("enter").hidden = is !== "possible";
  document.getElementById("leave").hidden = is !== "done";
}

// The form for a token, over the board where there is one.
function ask(isOver) {
  login.hidden = false;
  back.hidden = !isOver;
  document.getElementById("refused").textContent = "";
  document.getElementById("token").focus();
}

function say(why) {
  lost = why;
  document.documentElement.classList.toggle("lost", !!why);
  signal.hidden = !why;
  if (why) signal.lastElementChild.textContent = `for ${Math.round((Date.now() - heard) / 1000)} s · ${why}`;
}

setInterval(() => {
  if (!login.hidden) return;
  if (lost) say(lost);
  else if (viewer && Date.now() - heard > SILENCE) { say("the server is silent"); connect(); }
}, 1000);

// One after the other: keys arrive in the order in which they were pressed.
function send(what) {
  const id = viewer;
  if (!id) return;
  sending = sending.then(() => fetch(`input?viewer=${id}&${what}`, { cache: "no-store" })).catch(() => {});
}

const KEYS = {
  Enter: "enter", Escape: "esc", Backspace: "backspace", ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left",
  ArrowRight: "right",
};

addEventListener("keydown", (event) => {
  if (!login.hidden || event.metaKey || event.altKey || event.target.closest?.("button, input")) return;
  let key = KEYS[event.key];
  if (event.key === "Tab") key = event.shiftKey ? "backtab" : "tab";
  if (event.key.length === 1) {
    // Those with Ctrl are the browser's.
    if (event.ctrlKey) return;
    key = `char:${encodeURIComponent(event.key)}`;
  }
  if (!key || key === "char:q") return;
  event.preventDefault();
  send(`key=${key}`);
});

board.addEventListener("click", (event) => {
  // Whoever selects text does not click.
  if (String(getSelection())) return;
  const box = board.getBoundingClientRect();
  const [column, row] = [(event.clientX - box.left) / cell[0], (event.clientY - box.top) / cell[1]].map(Math.floor);
  send(`click=${column}x${row}`);
});

login.addEventListener("submit", async (event) => {
  event.preventDefault();
  const token = document.getElementById("token");
  let why = "the server cannot be reached";
  try {
    const answer = await fetch("login", { headers: { Authorization: `Bearer ${token.value}` }, cache: "no-store" });
    why = answer.ok ? "" : (await answer.json()).error;
  } catch { /* it can be tried again */ }
  token.value = "";
  document.getElementById("refused").textContent = why;
  if (why) return;
  login.hidden = true;
  connect();
});

document.getElementById("enter").addEventListener("click", () => ask(true));
back.addEventListener("click", () => { login.hidden = true; });
addEventListener("pointermove", () => {
  clearTimeout(idle);
  document.documentElement.classList.add("moved");
  idle = setTimeout(() => document.documentElement.classList.remove("moved"), IDLE);
});

document.getElementById("leave").addEventListener("click", async () => {
  await fetch("logout", { cache: "no-store" });
  location.reload();
});

addEventListener("resize", () => { clearTimeout(again); again = setTimeout(() => {
  const now = measure();
  if (now !== size) { size = now; send(`size=${now}`); }
}, 150); });
addEventListener("hashchange", connect);
matchMedia("(prefers-color-scheme: light)").addEventListener("change", connect);
connect();
