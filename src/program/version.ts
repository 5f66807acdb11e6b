declare const SNOW_VERSION: string;

/** This release; `dev` when it runs from its sources. */
export const VERSION: string = typeof SNOW_VERSION === "string" ? SNOW_VERSION : "dev";
