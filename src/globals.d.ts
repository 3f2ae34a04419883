/** Version of the installed wllama package, put in by the build. */
declare const __WLLAMA_VERSION__: string;
/** Version of this app, put in by the build. */
declare const __APP_VERSION__: string;
