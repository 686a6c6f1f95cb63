import CPU

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Capstone 5, found at run time.
///
/// It judges our decoder, and so must be new: Debian's 4.0.2, which the monitor disassembles with, knows neither the
/// instructions of the last years nor many #UD encodings. PyPI's wheel `capstone` holds the library itself, built for
/// every host, at a version one can ask for; `scripts/capstone5` unpacks it beside the build. Nothing that is shipped
/// needs it, so it is opened by its path, and only what is called here is declared.
public final class CapstoneFive {
  /// An instruction, as far as it is compared.
  public struct Instruction: Sendable {
    /// Bytes.
    public let length: Int
    /// In small letters, with its prefixes: `lock add`.
    public let mnemonic: String
  }

  /// Why there is none.
  public struct Missing: Error, CustomStringConvertible, Sendable {
    /// One line.
    public let description: String
  }

  /// Where scripts/capstone5 puts it, from the package's root.
  public static let usualPath = ".build-capstone5/capstone/lib/libcapstone.so"

  private typealias Open = @convention(c) (Int32, UInt32, UnsafeMutablePointer<Int>) -> Int32
  private typealias Close = @convention(c) (UnsafeMutablePointer<Int>) -> Int32
  private typealias Allocate = @convention(c) (Int) -> UnsafeMutableRawPointer?
  private typealias Free = @convention(c) (UnsafeMutableRawPointer, Int) -> Void
  private typealias Next =
    @convention(c) (
      Int, UnsafeMutablePointer<UnsafePointer<UInt8>?>, UnsafeMutablePointer<Int>, UnsafeMutablePointer<UInt64>,
      UnsafeMutableRawPointer
    ) -> Bool
  private typealias Version = @convention(c) (UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>) -> UInt32

  /// `cs_insn` of version 5: where size and mnemonic lie.
  private enum Layout {
    static let size = 16
    static let mnemonic = 42
  }

  private let library: UnsafeMutableRawPointer
  private let close: Close
  private let free: Free
  private let next: Next
  private var handle = 0
  private let instruction: UnsafeMutableRawPointer
  /// Such as 5.0.
  public let version: String

  /// Opens the library for a kind of code.
  ///
  /// - Throws: `Missing`, when there is no such library or it is not version 5.
  public init(path: String, _ kind: CodeKind) throws(Missing) {
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw Missing(description: "no Capstone 5 at \(path)")
    }
    func symbol<T>(_ name: String, as: T.Type) throws(Missing) -> T {
      guard let address = dlsym(library, name) else { throw Missing(description: "\(path) has no \(name)") }
      return unsafeBitCast(address, to: T.self)
    }
    var (major, minor): (Int32, Int32) = (0, 0)
    _ = try symbol("cs_version", as: Version.self)(&major, &minor)
    guard major == 5 else { throw Missing(description: "\(path) is Capstone \(major).\(minor), not 5") }
    let open = try symbol("cs_open", as: Open.self)
    let x86: Int32 = 3
    let mode: UInt32 = kind == .long ? 8 : kind == .protected32 ? 4 : 2
    guard open(x86, mode, &handle) == 0,
      let instruction = try symbol("cs_malloc", as: Allocate.self)(handle)
    else { throw Missing(description: "\(path) cannot be opened for x86") }
    close = try symbol("cs_close", as: Close.self)
    free = try symbol("cs_free", as: Free.self)
    next = try symbol("cs_disasm_iter", as: Next.self)
    version = "\(major).\(minor)"
    self.library = library
    self.instruction = instruction
  }

  deinit {
    free(instruction, 1)
    _ = close(&handle)
    dlclose(library)
  }

  /// The first instruction; nil: Capstone knows none.
  public func first(_ bytes: UnsafeRawBufferPointer) -> Instruction? {
    var code = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var count = bytes.count
    var address: UInt64 = 0x1000
    guard next(handle, &code, &count, &address, instruction) else { return nil }
    let length = Int(instruction.load(fromByteOffset: Layout.size, as: UInt16.self))
    return Instruction(
      length: length, mnemonic: String(cString: (instruction + Layout.mnemonic).assumingMemoryBound(to: CChar.self)))
  }
}
