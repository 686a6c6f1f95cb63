import MMU

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A file that a drive reads from. It is only read until `Disk.save` writes.
public final class DiskFile: Sendable {
  private let descriptor: Int32
  /// Bytes of the file.
  public let size: UInt64
  /// Whether changes may be written to it.
  public let isWritable: Bool

  /// Opens a file or device; nil when it cannot be had.
  public init?(path: String, isWritable: Bool) {
    descriptor = open(path, isWritable ? O_RDWR : O_RDONLY)
    guard descriptor >= 0 else { return nil }
    let end = lseek(descriptor, 0, SEEK_END)
    size = end > 0 ? UInt64(end) : 0
    self.isWritable = isWritable
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Bytes from an offset; behind the end of the file they are zeros.
  func read(_ offset: UInt64, count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard offset < size else { return bytes }
    bytes.withUnsafeMutableBytes { target in
      var done = 0
      while done < count, let start = target.baseAddress {
        let got = pread(descriptor, start + done, count - done, off_t(clamping: offset) + off_t(done))
        if got <= 0 { break }
        done += got
      }
    }
    return bytes
  }

  /// Writes bytes at an offset; false when the host fails.
  func write(_ offset: UInt64, _ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { source in
      var done = 0
      while done < source.count, let start = source.baseAddress {
        let put = pwrite(descriptor, start + done, source.count - done, off_t(clamping: offset) + off_t(done))
        if put <= 0 { return false }
        done += put
      }
      return true
    }
  }

  /// Brings what was written to the medium.
  func flush() -> Bool { fsync(descriptor) == 0 }
}

/// What a drive holds: a file, and over it the blocks that the guest has changed; a value, so that a fork costs nothing.
struct Disk: Sendable {
  private static let blockSize: UInt64 = 4096

  let file: DiskFile
  private var changed: [UInt64: [UInt8]] = [:]

  init(_ file: DiskFile) { self.file = file }

  /// Whole sectors of 512 bytes.
  var sectors: UInt64 { file.size / 512 }

  /// Bytes from an offset, which the caller has checked to lie in the disk.
  func read(_ offset: UInt64, count: Int) -> [UInt8] {
    guard !changed.isEmpty else { return file.read(offset, count: count) }
    var bytes: [UInt8] = []
    var place = offset
    while bytes.count < count {
      let start = place % Self.blockSize
      let length = min(count - bytes.count, Int(Self.blockSize - start))
      if let block = changed[place / Self.blockSize] {
        bytes += block[Int(start)..<Int(start) + length]
      } else {
        bytes += file.read(place, count: length)
      }
      place += UInt64(length)
    }
    return bytes
  }

  /// Changes a sector.
  mutating func write(sector: UInt64, _ bytes: [UInt8]) {
    let offset = sector &* 512
    let number = offset / Self.blockSize
    let start = Int(offset % Self.blockSize)
    let bytes = bytes.prefix(512)
    var block = changed.removeValue(forKey: number) ?? file.read(number * Self.blockSize, count: Int(Self.blockSize))
    block.replaceSubrange(start..<start + bytes.count, with: bytes)
    changed[number] = block
  }

  /// Writes changes to a file that may be written; false when the host fails.
  func save() -> Bool {
    guard file.isWritable, !changed.isEmpty else { return true }
    for (number, block) in changed.sorted(by: { $0.key < $1.key }) {
      let offset = number * Self.blockSize
      let length = Int(min(Self.blockSize, file.size - min(offset, file.size)))
      guard file.write(offset, Array(block.prefix(length))) else { return false }
    }
    return file.flush()
  }

  /// Adds what differs from the file.
  func hash(into hasher: inout StateHasher) {
    hasher.add(UInt64(changed.count))
    for (number, block) in changed.sorted(by: { $0.key < $1.key }) {
      hasher.add(number)
      block.withUnsafeBytes { hasher.add($0) }
    }
  }
}
