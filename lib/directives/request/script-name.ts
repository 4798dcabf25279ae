/** SCRIPT_NAME and PATH_INFO of a URL path, runs of slashes collapsed. */
export interface SplitUrl {
  readonly scriptName: string;
  readonly pathInfo: string;
}

/**
 * Splits a decoded URL path: SCRIPT_NAME is what remains without the longest tail that it shares with the path info of
 * the file system, up to the end of a component. The two need not make the URL again: a target may have put in path
 * info of its own.
 */
export function splitUrl(url: string, pathInfo: string): SplitUrl {
  return {
    scriptName: collapse(pathInfo === '' ? url : url.slice(0, pathInfoStart(url, pathInfo))),
    pathInfo: collapse(pathInfo),
  };
}

function pathInfoStart(url: string, pathInfo: string): number {
  let at = url.length;
  let behind = pathInfo.length;
  while (at > 0 && behind > 0 && url.charAt(at - 1) === pathInfo.charAt(behind - 1)) {
    at--;
    behind--;
    if (url.charAt(at) === '/') while (at > 0 && url.charAt(at - 1) === '/') at--;
  }
  // Where they begin to differ inside a component, all of the component belongs to the name.
  while (at < url.length && url.charAt(at) !== '/') at++;
  return at;
}

function collapse(path: string): string {
  return path.replace(/\/{2,}/g, '/');
}
