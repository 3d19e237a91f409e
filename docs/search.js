// Checks that the search of the book finds the right place among its first two results: node docs/search.js target/book
const fs = require("fs");
const path = require("path");

// What a reader types, and the beginning of the address of the result.
const expected = {
  "how do I install conformance": "install.html",
  "how do I upgrade": "questions.html#how-do-i-install",
  "how do I get shell completions": "commands.html#completions",
  "how do I report a bug": "questions.html#how-do-i-report-a-bug",
  "how do I run it in GitHub Actions": "ci.html#github-actions",
  "how do I run it in GitLab": "questions.html#how-do-i-run-it-in-ci",
  "how do I see the response of a failed step": "questions.html#how-do-i-see-the-response",
  "how do I see what my server printed": "questions.html#how-do-i-see-what-my-server-printed",
  "how do I run only one scenario": "questions.html#how-do-i-run-only-one",
  "how do I stop at the first failure": "questions.html#how-do-i-stop",
  "how do I run the tests again when I save a file": "questions.html#how-do-i-run-again",
  "what does exit code 3 mean": "questions.html#what-does-the-exit-code",
  "what does inconclusive mean": "questions.html#what-does-inconclusive",
  "how do I check only what I have implemented so far": "questions.html#how-do-i-check-only-what",
  "how do I ignore a known failure": "questions.html#how-do-i-ignore",
  "how do I test a server that is already running": "questions.html#how-do-i-test-a-server-that-is-already",
  "how do I test a Node server": "questions.html#how-do-i-test-my-own",
  "how do I test a server in Docker": "questions.html#how-do-i-test-a-server-in-docker",
  "how do I change the port": "questions.html#how-do-i-change-the-port",
  "how do I set environment variables": "questions.html#how-do-i-set-environment",
  "how do I start my server with a build step": "questions.html#how-do-i-start-my-server",
  "how do I use a database": "questions.html#how-do-i-use-a-database",
  "how do I use a self-signed certificate": "questions.html#how-do-i-use-https",
  "how do I go through a proxy": "questions.html#how-do-i-go-through",
  "how do I use an API key": "questions.html#how-do-i-send-an-api-key",
  "how do I make a suite from my README": "questions.html#how-do-i-make-a-suite",
  "how do I convert a Postman collection": "openapi.html#postman",
  "how do I import a HAR file": "questions.html#how-do-i-import",
  "how do I write a scenario": "scenarios.html",
  "how do I add a requirement": "questions.html#how-do-i-add-a-requirement",
  "how do I log in": "questions.html#how-do-i-log-in",
  "how do I keep a value for a later request": "language.html#captures",
  "how do I check only a part of the JSON": "questions.html#how-do-i-check-only-a-part",
  "how do I upload a file": "questions.html#how-do-i-upload",
  "how do I wait until a job has finished": "questions.html#how-do-i-wait",
  "how do I repeat a step for many values": "questions.html#how-do-i-repeat-a-step",
  "how do I test that a session expires": "questions.html#how-do-i-test-that-a-session",
  "how do I send an invalid request": "questions.html#how-do-i-send-an-invalid",
  "how do I skip a step": "questions.html#how-do-i-skip",
  "how do I update expectations": "questions.html#how-do-i-update",
  "how do I find which requirements are not tested": "questions.html#how-do-i-find-out-which",
  "how do I grade students' submissions": "questions.html#how-do-i-grade",
  "how do I use it with Gradescope": "questions.html#how-do-i-use-it-with-gradescope",
  "how do I compare several implementations": "questions.html#how-do-i-compare-two-runs",
  "how do I isolate a program": "questions.html#how-do-i-isolate",
  "how do I load test": "questions.html#how-do-i-load-test",
  "how do I split a run over several machines": "questions.html#how-do-i-split",
  "how do I get a JUnit report": "questions.html#how-do-i-get-a-report",
  "how do I hide secrets in the report": "questions.html#how-do-i-keep-passwords",
  "how do I set up VS Code": "editors.html",
};

const book = process.argv[2];
const file = (name) => path.resolve(book, fs.readdirSync(book).find((file) => file.startsWith(name)));
const lunr = require(file("elasticlunr"));
// The file is a script for a page: it adds to `window.search`.
const window = { search: {} };
new Function("window", fs.readFileSync(file("searchindex"), "utf8"))(window);
const { doc_urls, index, search_options } = window.search;
const loaded = lunr.Index.load(index);

let wrong = 0;
for (const [question, place] of Object.entries(expected)) {
  const found = loaded.search(question, search_options).slice(0, 2).map((result) => doc_urls[result.ref]);
  if (!found.some((address) => address.startsWith(place))) {
    wrong += 1;
    console.error(`${question}: expected ${place}, found ${found.join(", ")}`);
  }
}
console.log(`${Object.keys(expected).length} questions, ${wrong} without the right result`);
process.exitCode = wrong ? 1 : 0;
