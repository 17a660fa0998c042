// How the form looks, light and dark. Nothing of it depends on the page: `all: initial` at the holder stops what would be inherited.

export const LOOK = `
:host { all: initial }
section { --ink: #14171c; --soft: #5c6572; --ground: #fff; --edge: #848c99; --accent: #2747c7; --on: #fff; --bad: #a61b1b;
  position: fixed; z-index: 2147483000; right: 1rem; bottom: 1rem; box-sizing: border-box; width: min(26rem, calc(100vw - 2rem));
  max-height: calc(100vh - 2rem); overflow: auto; padding: 1.1rem; border: 1px solid var(--edge); border-radius: 10px; background: var(--ground);
  color: var(--ink); font: 15px/1.45 system-ui, sans-serif; box-shadow: 0 8px 28px rgb(0 0 0 / .2) }
@media (prefers-color-scheme: dark) {
  section { --ink: #e9ebef; --soft: #98a1af; --ground: #16191e; --edge: #6f7887; --accent: #9db1ff; --on: #0e1013; --bad: #ff978f }
}
fieldset { margin: 0; padding: 0; border: 0; min-width: 0 }
legend { padding: 0 1.8rem .7rem 0; font-weight: 600; overflow-wrap: anywhere }
.scores { display: flex; gap: .2rem }
.scores label { position: relative; flex: 1 1 0; min-width: 0 }
.scores input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: pointer }
.scores span { display: block; padding: .5rem 0; border: 1px solid var(--edge); border-radius: 6px; text-align: center; font-variant-numeric: tabular-nums }
.scores input:checked + span { background: var(--accent); border-color: var(--accent); color: var(--on); font-weight: 600 }
.scores input:focus-visible + span, button:focus-visible, textarea:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.ends { display: flex; justify-content: space-between; gap: 1rem; margin: .4rem 0 0; color: var(--soft); font-size: 13px }
.more span { display: block; margin: .9rem 0 .3rem }
textarea { box-sizing: border-box; width: 100%; padding: .5rem; border: 1px solid var(--edge); border-radius: 6px; background: transparent; color: inherit; font: inherit; resize: vertical }
button { border: 0; border-radius: 6px; font: inherit; cursor: pointer }
.send { margin-top: .6rem; padding: .5rem 1rem; background: var(--accent); color: var(--on); font-weight: 600 }
.send:disabled { opacity: .6 }
.close { position: absolute; top: .5rem; right: .5rem; width: 2rem; height: 2rem; background: none; color: var(--soft); font-size: 20px; line-height: 1 }
.close::before { content: "\\d7" }
.failed { margin: .6rem 0 0; color: var(--bad) }
.failed:empty { display: none }
.thanks { margin: 0; padding-right: 1.8rem; outline: none; overflow-wrap: anywhere }
@media (max-width: 26rem) { .scores { flex-wrap: wrap } .scores label { flex-basis: calc(16.6% - .2rem) } }
`;
