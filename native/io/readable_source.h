// A descriptor beyond the connections that a set waits for.
#pragma once

namespace lsapi {

class ReadableSource {
 public:
  virtual ~ReadableSource() = default;
  /// The descriptor is readable, or at its end; called again as long as it is. May call the set: requests of
  /// connections that it hands over are dispatched in the same Poll().
  virtual void OnReadable() = 0;
};

}  // namespace lsapi
