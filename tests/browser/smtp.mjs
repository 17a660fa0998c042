// A mail server that takes everything and remembers it: just enough of RFC 5321 for a client without TLS.
import { createServer } from "node:net";

/** Listens on a free port; `mails` holds { from, to, raw, text } in order of arrival. */
export async function startSmtp() {
  const mails = [];
  const server = createServer((socket) => {
    let held = "";
    let mail = { from: "", to: [] };
    let inData = false;
    socket.setEncoding("utf8");
    socket.on("error", () => {});
    const say = (line) => socket.write(`${line}\r\n`);
    const hear = (line) => {
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === "EHLO") say("250-localhost\r\n250-8BITMIME\r\n250 SMTPUTF8");
      else if (verb === "MAIL") { mail = { from: line.slice(10).replace(/[<>]| .*/g, ""), to: [] }; say("250 ok"); }
      else if (verb === "RCPT") { mail.to.push(line.slice(8).replace(/[<>]| .*/g, "")); say("250 ok"); }
      else if (verb === "DATA") { inData = true; say("354 go on"); }
      else if (verb === "QUIT") { say("221 bye"); socket.end(); }
      else say("250 ok");
    };
    socket.on("data", (chunk) => {
      held += chunk;
      for (;;) {
        const end = held.indexOf(inData ? "\r\n.\r\n" : "\r\n");
        if (end < 0) return;
        const part = held.slice(0, end);
        held = held.slice(end + (inData ? 5 : 2));
        if (inData) {
          inData = false;
          const raw = part.replace(/\r\n\.\./g, "\r\n.");
          mails.push({ ...mail, raw, text: decoded(raw) });
          say("250 kept");
        } else hear(part);
      }
    });
    say("220 localhost");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { port: server.address().port, mails, close: () => server.close() };
}

/** Every part of the mail as readable text: quoted-printable and base64 undone. */
function decoded(raw) {
  const parts = raw.split(/\r\n--[^\r\n]+/);
  return parts.map((part) => {
    const [head, ...body] = part.split("\r\n\r\n");
    const text = body.join("\r\n\r\n");
    if (/transfer-encoding:\s*base64/i.test(head)) return Buffer.from(text, "base64").toString("utf8");
    if (/transfer-encoding:\s*quoted-printable/i.test(head)) {
      const plain = text.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
      return Buffer.from(plain, "latin1").toString("utf8");
    }
    return text;
  }).join("\n");
}
