// Go's own wasm_exec.js, wrapped by scripts/build: run with a scope of ours in
// place of globalThis, it leaves the page's alone.
declare module 'go:wasm_exec' {
  export interface Go {
    readonly importObject: WebAssembly.Imports
    /** Called when the program ends. */
    exit: (code: number) => void
    /** The timers that would let the program go on. */
    readonly _scheduledTimeouts: Map<number, number>
    /** Lets the program go on after an event. */
    _resume(): void
    /** Runs main until it waits; resolves when it has ended. */
    run(instance: WebAssembly.Instance): Promise<void>
  }
  export interface Scope {
    Go?: new () => Go
    fs?: { writeSync(fd: number, bytes: Uint8Array): number }
  }
  export default function define(globalThis: Scope, fs: { writeSync(fd: number, bytes: Uint8Array): number }): void
}

/** The package's version, put in by scripts/build. */
declare const SHOAL_VERSION: string

/** Which shoal.wasm belongs to the script: the beginning of its SHA-256, in hex. */
declare const SHOAL_WASM: string
