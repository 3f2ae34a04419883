/** Version of the installed wllama package, put in by the build. */
declare const __WLLAMA_VERSION__: string;
/** Version of the installed web-llm package, put in by the build. */
declare const __WEB_LLM_VERSION__: string;
/** Version of the installed transformers.js package, put in by the build. */
declare const __TRANSFORMERS_VERSION__: string;
/** Version of this app, put in by the build. */
declare const __ENGINE_VERSION__: string;
/** The same for its shaders. */
declare const __GPU_ENGINE_VERSION__: string;
