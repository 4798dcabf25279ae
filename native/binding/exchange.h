// Numbers that accompany calls between JavaScript and the native side. They lie in memory that both can
// touch, an Int32Array: a number there costs a load and a store, as an argument of Node-API a call each.
#pragma once

#include <napi.h>

#include <array>
#include <cstdint>

namespace lsapi::binding {

/// Places of the numbers; ExchangeField of lib/native/exchange.ts. They hold for one call: whoever is called
/// reads them first.
enum class ExchangeField : uint32_t {
  // Which request a call is about, in both directions.
  kSlot,
  kSerial,
  // Announcing a request.
  kBodyLengthLow,
  kBodyLengthHigh,
  kMethod,  // index into METHODS of lib/native/binding.ts; -1: the method is an argument
  kTraits,
  kHeaderTextLength,
  // Responding.
  kFlags,
  kStatus,
  kHeaderCount,
  kHeaderLength,
  kBodyLength,
  kResult,
  kCount,
};

class Exchange {
 public:
  /// Makes the array, and the property of `owner` that keeps it alive: nothing may be read or written once
  /// `owner` is gone.
  void Attach(Napi::Env env, const Napi::Object& owner) {
    auto array = Napi::Int32Array::New(env, static_cast<size_t>(ExchangeField::kCount));
    numbers_ = array.Data();
    array_ = Napi::Persistent(array);
    owner.DefineProperty(Napi::PropertyDescriptor::Value("exchange", array, napi_enumerable));
  }

  int32_t operator[](ExchangeField field) const { return numbers_[static_cast<size_t>(field)]; }
  uint32_t unsigned_at(ExchangeField field) const { return static_cast<uint32_t>((*this)[field]); }
  void Set(ExchangeField field, int32_t number) { numbers_[static_cast<size_t>(field)] = number; }

 private:
  int32_t* numbers_ = nullptr;  // memory of array_
  Napi::Reference<Napi::Int32Array> array_;
};

}  // namespace lsapi::binding
