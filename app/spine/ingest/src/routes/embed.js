// The crash-report form of Hermetic: what somebody was doing when the page broke goes to the address this script came from.
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || document.getElementById("hermetic-report")) return;
  var endpoint = new URL(script.src);
  var asked = endpoint.searchParams;

  function element(name, style, text) {
    var made = document.createElement(name);
    for (var key in style) made.style[key] = style[key];
    if (text) made.textContent = text;
    return made;
  }

  function label(key, standard) {
    return asked.get(key) || standard;
  }

  var dialog = element("dialog", {
    border: "0", borderRadius: "12px", padding: "24px", width: "min(480px, 92vw)", boxSizing: "border-box",
    font: "16px/1.5 system-ui, sans-serif", color: "#111827", background: "#ffffff", boxShadow: "0 10px 40px rgba(0,0,0,.3)"
  });
  dialog.id = "hermetic-report";
  var form = element("form", { display: "grid", gap: "12px", margin: "0" });
  form.appendChild(element("h2", { font: "600 20px system-ui, sans-serif", margin: "0" }, label("title", "Something went wrong.")));
  form.appendChild(element("p", { margin: "0", color: "#4b5563" },
    label("subtitle", "Our team has been told. If you like to help, say what happened.")));

  function field(name, text, kind, value) {
    var row = element("label", { display: "grid", gap: "4px", fontWeight: "600" }, text);
    var input = element(kind === "textarea" ? "textarea" : "input", {
      font: "inherit", fontWeight: "400", padding: "8px", border: "1px solid #6b7280", borderRadius: "6px", boxSizing: "border-box",
      color: "inherit", background: "#ffffff"
    });
    if (kind === "textarea") input.rows = 4; else input.type = kind;
    input.name = name;
    input.required = name === "comments";
    input.value = value || "";
    row.appendChild(input);
    form.appendChild(row);
    return input;
  }

  field("name", label("labelName", "Name"), "text", asked.get("name"));
  field("email", label("labelEmail", "E-mail"), "email", asked.get("email"));
  var comments = field("comments", label("labelComments", "What happened?"), "textarea", "");
  var note = element("p", { margin: "0" });
  note.setAttribute("role", "status");
  form.appendChild(note);
  var buttons = element("div", { display: "flex", gap: "8px", justifyContent: "flex-end" });
  function button(text, color, background) {
    var made = element("button", {
      font: "inherit", padding: "8px 16px", border: "1px solid #1d4ed8", borderRadius: "6px", color: color, background: background,
      cursor: "pointer"
    }, text);
    buttons.appendChild(made);
    return made;
  }
  var close = button(label("labelClose", "Close"), "#1d4ed8", "#ffffff");
  close.type = "button";
  var submit = button(label("labelSubmit", "Send report"), "#ffffff", "#1d4ed8");
  submit.type = "submit";
  form.appendChild(buttons);
  dialog.appendChild(form);

  close.addEventListener("click", function () { dialog.close(); });
  dialog.addEventListener("close", function () {
    dialog.remove();
    // What browser SDKs wait for to call `onClose`.
    window.postMessage("__sentry_reportdialog_closed__", "*");
  });
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    submit.disabled = true;
    note.textContent = "";
    var told = new URLSearchParams(new FormData(form));
    fetch(endpoint.href, { method: "POST", body: told }).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      note.textContent = label("successMessage", "Your report has been sent. Thank you.");
      buttons.removeChild(submit);
      comments.disabled = true;
    }).catch(function () {
      submit.disabled = false;
      note.textContent = label("errorGeneric", "The report could not be sent. Please try again.");
    });
  });
  document.body.appendChild(dialog);
  dialog.showModal();
})();
