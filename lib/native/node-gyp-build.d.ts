declare module 'node-gyp-build' {
  /** Loads the addon of the package in `directory`: build/Release, or the fitting one of prebuilds/. */
  export default function nodeGypBuild(directory: string): unknown;
}
