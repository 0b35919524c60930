// What script adds to pages that work without it. It stands in the head of those that have such parts, so that they
// are there from the first paint and nothing moves. Every word comes from the page.
(() => {
  "use strict";

  const root = document.documentElement;
  root.classList.add("scripted");
  if (window.isSecureContext && navigator.clipboard) root.classList.add("clipboard");
  if (window.isSecureContext && window.PublicKeyCredential?.parseRequestOptionsFromJSON) root.classList.add("passkeys");

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.reveal) reveal(button);
    if (button?.dataset.copy) copy(button);
  });

  document.addEventListener("input", (event) => {
    const status = event.target.id && document.querySelector(`[data-strength="${CSS.escape(event.target.id)}"]`);
    if (status) status.textContent = strength(event.target.value, status.dataset);
  });

  document.addEventListener("submit", (event) => {
    for (const shown of event.target.querySelectorAll("[data-hide]")) hide(shown);
    const button = event.submitter;
    if (!button?.dataset.passkey) return;
    event.preventDefault();
    answerWithPasskey(event.target, button);
  });

  // A page that the browser shows again, on the way back, begins anew.
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) {
      if (form.elements.response) form.elements.response.value = "";
    }
  });

  // A password that is shown is a text to the browser, which would offer it again later.
  function hide(button) {
    if (document.getElementById(button.dataset.reveal).type === "text") reveal(button);
  }

  function reveal(button) {
    const field = document.getElementById(button.dataset.reveal);
    field.type = field.type === "text" ? "password" : "text";
    const { hide, hideLabel } = button.dataset;
    button.dataset.hide = button.textContent;
    button.dataset.hideLabel = button.getAttribute("aria-label");
    button.textContent = hide;
    button.setAttribute("aria-label", hideLabel);
  }

  function strength(password, words) {
    const length = [...password].length;
    const missing = Number(words.least) - length;
    if (length === 0) return "";
    if (missing > 0) return missing === 1 ? words.missingOne : words.missing.replace("{1}", missing);
    return length < 20 ? words.enough : words.strong;
  }

  async function copy(button) {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = button.dataset.copied;
    button.nextElementSibling.textContent = button.dataset.copied;
  }

  // The server says what to ask the authenticator; its answer goes with the form, as a form.
  async function answerWithPasskey(form, button) {
    const problem = form.querySelector("[data-passkey-problem]");
    problem.hidden = true;
    button.setAttribute("aria-busy", "true");
    try {
      const asked = await askedOf(form, button.dataset.options);
      if (asked.problem) throw new Error(asked.problem, { cause: "told" });
      const credential = await ceremony(button.dataset.passkey, asked.options);
      form.elements.challenge.value = asked.challenge;
      form.elements.response.value = JSON.stringify(credential.toJSON());
      const elsewhere = button.getAttribute("formaction");
      if (elsewhere) form.action = elsewhere;
      form.submit();
    } catch (fault) {
      problem.textContent = fault.cause === "told" ? fault.message : problem.dataset.passkeyProblem;
      problem.hidden = false;
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  async function askedOf(form, address) {
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "error" });
    return answer.json();
  }

  function ceremony(kind, options) {
    const publicKey = options.publicKey ?? options;
    if (kind === "create") {
      return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
    }
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
  }
})();
