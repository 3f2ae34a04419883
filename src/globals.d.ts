/** Version of the installed wllama package, put in by the build. */
declare const __WLLAMA_VERSION__: string;
