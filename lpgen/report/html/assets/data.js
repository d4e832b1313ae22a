// The data of principals, in the page itself or in files next to it. A file is shown in a frame without an origin, so
// nothing in it reaches this page. Its answer is text until it is parsed as JSON.

const MOST_WAIT = 5000; // milliseconds: browsers may say nothing of a file that is missing
const MOST_WAIT_FOR_ANSWER = 1500;
const beside = document.getElementById("beside") && parseData("beside");
const pageData = new Map();
let fileData = {};
let closeFile = () => {};

const namedActions = once(() =>
  parseData("actions").flatMap(([service, names]) => names.map((name) => `${service}:${name}`)),
);

// The shared data that the shown principal refers to by name.
function shared(id) {
  if (Object.hasOwn(fileData, id)) return fileData[id];
  if (!pageData.has(id)) pageData.set(id, parseData(id));
  return pageData.get(id);
}

function askFile({ at }, answered, missing) {
  const file = `${String(Math.floor(at / beside.each) + 1).padStart(4, "0")}.html`;
  const frame = el("iframe", { sandbox: "allow-scripts", hidden: true, src: `${beside.path}/${file}` });
  let timer = setTimeout(missing, MOST_WAIT);
  const hear = (event) => {
    if (event.source !== frame.contentWindow) return;
    closeFile();
    answered(event.data);
  };
  closeFile = () => {
    clearTimeout(timer);
    removeEventListener("message", hear);
    frame.remove();
    closeFile = () => {};
  };
  frame.addEventListener("load", () => {
    clearTimeout(timer);
    timer = setTimeout(missing, MOST_WAIT_FOR_ANSWER);
    frame.contentWindow.postMessage({ review: beside.review, at }, "*");
  });
  addEventListener("message", hear);
  document.body.append(frame);
}

// Shows the data of the principal in a row. A file that is missing, damaged or from another review has no data. If the
// file is only slow, its data are shown when they arrive.
function openData(one, show, complain) {
  closeFile();
  fileData = {};
  if (!beside) {
    fileData = parseData(`principal-${one.at}`);
    show(fileData.principal);
    return;
  }
  const answered = (text) => {
    try {
      fileData = JSON.parse(text);
      if (fileData.principal.arn !== one.arn) throw new RangeError("data of another principal");
      show(fileData.principal);
    } catch {
      fileData = {};
      complain();
    }
  };
  askFile(one, answered, complain);
}
