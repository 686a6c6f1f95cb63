import SiliconNative

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Why the host cannot run cases.
public struct NativeFailure: Error, CustomStringConvertible {
  /// What it was doing.
  let action: String
  /// The system's error number.
  let code: Int32

  /// One line.
  public var description: String { "the host cannot \(action): \(String(cString: strerror(code)))" }
}

/// The child process that runs cases on the host's own processor, and the batches that are shared with it.
final class NativeHost {
  private let runner: OpaquePointer

  /// - Parameter batches: how many batches there are.
  init(batches: UInt32) throws(NativeFailure) {
    guard let runner = silicon_open(batches) else {
      throw NativeFailure(action: "share memory with a child process, or is no x86-64 Linux", code: errno)
    }
    self.runner = runner
  }

  deinit { silicon_close(runner) }

  /// A batch's memory.
  func batch(_ number: Int) -> UnsafeMutablePointer<SiliconBatch> { silicon_batch(runner, UInt32(number)) }

  /// Hands a batch to the child.
  func start(_ number: Int) throws(NativeFailure) {
    guard silicon_start(runner, UInt32(number)) == 0 else {
      throw NativeFailure(action: "start the child process", code: errno)
    }
  }

  /// Waits for the batch handed over.
  func wait() throws(NativeFailure) {
    guard silicon_wait(runner) == 0 else {
      throw NativeFailure(action: "map the fixed addresses in the child process", code: errno)
    }
  }
}
