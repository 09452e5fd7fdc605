// A page of another origin that has the app's window, and says whatever the test wants it to say.
document.querySelector("#open").addEventListener("click", () => {
  window.victim = window.open(window.next);
});
window.say = (message) => window.victim.postMessage(message, "*");
