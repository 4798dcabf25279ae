// A WSGI application (PEP 3333) in CPython behind the reference C library: what Python executables for LSAPI
// are made of. One connection a process; LSAPI_CHILDREN says how many. The application is `application` in
// the module that is named by the first parameter, found in the directory that is named by the second.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#include "lsapilib.h"

static PyObject* constants;  // the part of environ that is the same in each request
static PyObject* write_function;
static PyObject* start_response;
static int failed;

static int add(const char* name, int name_length, const char* value, int value_length, void* environ) {
  PyObject* const key = PyUnicode_DecodeLatin1(name, name_length, NULL);
  PyObject* const text = PyUnicode_DecodeLatin1(value, value_length, NULL);
  const int result = key != NULL && text != NULL ? PyDict_SetItem(environ, key, text) : -1;
  Py_XDECREF(key);
  Py_XDECREF(text);
  return result == 0 ? 1 : -1;
}

static int write_bytes(PyObject* data) {
  char* bytes;
  Py_ssize_t size;
  if (PyBytes_AsStringAndSize(data, &bytes, &size) != 0) return -1;
  return size == 0 || LSAPI_Write_r(&g_req, bytes, (size_t)size) >= 0 ? 0 : -1;
}

static PyObject* call_write(PyObject* self, PyObject* data) {
  (void)self;
  if (write_bytes(data) != 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject* call_start_response(PyObject* self, PyObject* parameters) {
  (void)self;
  const char* status;
  PyObject* headers;
  PyObject* exception = NULL;
  if (!PyArg_ParseTuple(parameters, "sO!|O", &status, &PyList_Type, &headers, &exception)) return NULL;
  LSAPI_SetRespStatus_r(&g_req, atoi(status));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(headers); ++i) {
    const char* name;
    const char* value;
    if (!PyArg_ParseTuple(PyList_GET_ITEM(headers, i), "ss", &name, &value)) return NULL;
    LSAPI_AppendRespHeader2_r(&g_req, name, value);
  }
  return Py_NewRef(write_function);
}

static PyObject* read_body(PyObject* self, PyObject* parameters) {
  (void)self;
  Py_ssize_t size = -1;
  if (!PyArg_ParseTuple(parameters, "|n", &size)) return NULL;
  const off_t remaining = LSAPI_GetReqBodyRemain_r(&g_req);
  if (size < 0 || size > remaining) size = remaining > 0 ? (Py_ssize_t)remaining : 0;
  PyObject* const bytes = PyBytes_FromStringAndSize(NULL, size);
  if (bytes == NULL) return NULL;
  Py_ssize_t done = 0;
  while (done < size) {
    const ssize_t got = LSAPI_ReadReqBody_r(&g_req, PyBytes_AS_STRING(bytes) + done, (size_t)(size - done));
    if (got <= 0) break;
    done += got;
  }
  PyObject* result = bytes;
  if (done < size) _PyBytes_Resize(&result, done);
  return result;
}

static PyObject* make_environ(void) {
  PyObject* const environ = PyDict_Copy(constants);
  if (environ == NULL) return NULL;
  if (LSAPI_ForeachHeader_r(&g_req, add, environ) < 0 || LSAPI_ForeachEnv_r(&g_req, add, environ) < 0) {
    Py_DECREF(environ);
    return NULL;
  }
  return environ;
}

static void serve(PyObject* application) {
  PyObject* const environ = make_environ();
  PyObject* const parts =
      environ != NULL ? PyObject_CallFunctionObjArgs(application, environ, start_response, NULL) : NULL;
  PyObject* const iterator = parts != NULL ? PyObject_GetIter(parts) : NULL;
  PyObject* part;
  while (iterator != NULL && (part = PyIter_Next(iterator)) != NULL) {
    const int written = write_bytes(part);
    Py_DECREF(part);
    if (written != 0) break;
  }
  if (parts != NULL && PyObject_HasAttrString(parts, "close")) {
    Py_XDECREF(PyObject_CallMethod(parts, "close", NULL));
  }
  if (PyErr_Occurred()) {
    PyErr_Print();
    failed = 1;
  }
  Py_XDECREF(iterator);
  Py_XDECREF(parts);
  Py_XDECREF(environ);
}

static PyMethodDef write_method = {"write", call_write, METH_O, NULL};
static PyMethodDef start_response_method = {"start_response", call_start_response, METH_VARARGS, NULL};
static PyMethodDef input_methods[] = {{"read", read_body, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef input_module = {
    PyModuleDef_HEAD_INIT, "input", NULL, -1, input_methods, NULL, NULL, NULL, NULL};

static PyObject* load_application(const char* module_name, const char* directory) {
  PyObject* const path = PySys_GetObject("path");  // borrowed
  PyObject* const entry = PyUnicode_FromString(directory);
  if (path == NULL || entry == NULL || PyList_Insert(path, 0, entry) != 0) return NULL;
  Py_DECREF(entry);
  PyObject* const module = PyImport_ImportModule(module_name);
  return module != NULL ? PyObject_GetAttrString(module, "application") : NULL;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  Py_InitializeEx(0);
  write_function = PyCFunction_New(&write_method, NULL);
  start_response = PyCFunction_New(&start_response_method, NULL);
  PyObject* const input = PyModule_Create(&input_module);
  PyObject* const application = load_application(argv[1], argv[2]);
  if (application != NULL && input != NULL) {
    constants =
        Py_BuildValue("{s:(ii),s:s,s:O,s:O,s:O,s:O,s:O}", "wsgi.version", 1, 0, "wsgi.url_scheme", "https",
                      "wsgi.input", input, "wsgi.errors", PySys_GetObject("stderr"), "wsgi.multithread",
                      Py_False, "wsgi.multiprocess", Py_True, "wsgi.run_once", Py_False);
  }
  if (constants == NULL) {
    PyErr_Print();
    return 1;
  }
  if (LSAPI_Init() != 0) return 1;
  LSAPI_Init_Env_Parameters(NULL);
  while (!failed && LSAPI_Prefork_Accept_r(&g_req) >= 0) {
    serve(application);
    LSAPI_Finish_r(&g_req);
  }
  return failed;
}
