// Verifies what a subscriber got with the npm package "standardwebhooks"; each request is a line of JSON on standard input.
const { Webhook } = require("standardwebhooks");

const hook = new Webhook(process.env.SECRET);
const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
const read = lines.map((line) => {
  const { headers, body } = JSON.parse(line);
  const payload = hook.verify(body, headers);
  let isForgerySeen = false;
  try {
    hook.verify(body.replace("{", "{ "), headers);
  } catch {
    isForgerySeen = true;
  }
  return { payload, isForgerySeen };
});
process.stdout.write(JSON.stringify(read));
