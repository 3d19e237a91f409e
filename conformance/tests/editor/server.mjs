// A client for the YAML language server, with the settings of an editor.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const server = join(dirname(createRequire(import.meta.url).resolve("yaml-language-server/package.json")), "bin/yaml-language-server");

/** Starts the server for a folder, with the settings in it. */
export async function open(folder, settings) {
  const program = spawn(process.execPath, [server, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  const yaml = {
    customTags: settings["yaml.customTags"],
    schemas: Object.fromEntries(Object.entries(settings["yaml.schemas"]).map(([path, files]) => [pathToFileURL(join(folder, path)).href, files])),
    // Use no other schemas.
    schemaStore: { enable: false },
    validate: true,
    completion: true,
    hover: true,
  };
  const waiting = new Map();
  const judged = new Map();
  let last = 0;

  const write = (message) => {
    const text = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
    program.stdin.write(`Content-Length: ${text.length}\r\n\r\n`);
    program.stdin.write(text);
  };
  const ask = (method, params) => new Promise((answered) => {
    waiting.set(++last, answered);
    write({ id: last, method, params });
  });
  const hear = ({ id, method, params, result }) => {
    if (id === undefined) {
      if (method === "textDocument/publishDiagnostics") judged.get(params.uri)?.(params.diagnostics);
    } else if (method === "workspace/configuration") {
      write({ id, result: params.items.map(({ section }) => (section === "yaml" ? yaml : {})) });
    } else if (method) {
      write({ id, result: null });
    } else {
      waiting.get(id)?.(result);
    }
  };
  let heard = Buffer.alloc(0);
  program.stdout.on("data", (piece) => {
    heard = Buffer.concat([heard, piece]);
    for (;;) {
      const head = heard.indexOf("\r\n\r\n");
      const length = head < 0 ? NaN : Number(/Content-Length: (\d+)/.exec(heard.subarray(0, head))[1]);
      if (!(heard.length >= head + 4 + length)) return;
      hear(JSON.parse(heard.subarray(head + 4, head + 4 + length)));
      heard = heard.subarray(head + 4 + length);
    }
  });

  const uri = (path) => pathToFileURL(join(folder, path)).href;
  const at = (path, text, position) => ({ textDocument: { uri: uri(path) }, position: position ?? end(text) });
  await ask("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(folder).href,
    workspaceFolders: [{ uri: pathToFileURL(folder).href, name: "suite" }],
    capabilities: { workspace: { configuration: true }, textDocument: { publishDiagnostics: {}, completion: {}, hover: {} } },
  });
  write({ method: "initialized", params: {} });
  write({ method: "workspace/didChangeConfiguration", params: { settings: { yaml } } });
  // The server does not announce when it has read its settings.
  await new Promise((passed) => setTimeout(passed, 1500));

  return {
    /** Opens a file with a text and comes back with what is said against it. */
    complaints: (path, text) => new Promise((answered) => {
      judged.set(uri(path), (list) => answered(list.map(({ range, message }) => `${path}:${range.start.line + 1}: ${message}`)));
      write({ method: "textDocument/didOpen", params: { textDocument: { uri: uri(path), languageId: "yaml", version: 1, text } } });
    }),
    /** The words that are proposed at the end of a text that was opened. */
    words: async (path, text) => {
      const list = await ask("textDocument/completion", at(path, text));
      return (list.items ?? list).map(({ label }) => label);
    },
    /** Returns the hover text at a position. */
    hover: async (path, position) => (await ask("textDocument/hover", at(path, "", position)))?.contents.value,
    close: () => program.kill(),
  };
}

function end(text) {
  const lines = text.split("\n");
  return { line: lines.length - 1, character: lines.at(-1).length };
}
