// For the classic <script> alone: where it lies, which only the moment of its
// loading tells. On a server there is no document, and no URL.
export const scriptUrl =
  typeof document === 'object' && document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : undefined
