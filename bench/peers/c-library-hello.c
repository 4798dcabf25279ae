// Hello by the reference C library's public interface: what an LSAPI executable in C is. One connection a
// process; LSAPI_CHILDREN says how many.
#include <string.h>

#include "lsapilib.h"

int main(void) {
  static const char body[] = "Hello, World!";
  char header[] = "Content-Type: text/plain";
  if (LSAPI_Init() != 0) return 1;
  LSAPI_Init_Env_Parameters(NULL);
  while (LSAPI_Prefork_Accept_r(&g_req) >= 0) {
    LSAPI_SetRespStatus_r(&g_req, 200);
    LSAPI_AppendRespHeader_r(&g_req, header, (int)strlen(header));
    LSAPI_Write_r(&g_req, body, sizeof body - 1);
    LSAPI_Finish_r(&g_req);
  }
  return 0;
}
