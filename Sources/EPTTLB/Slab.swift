#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Room for elements that need no destruction. Several owners may share it until one of them is about to write: that one
/// takes a copy.
package final class Slab<Element> {
  /// The elements, all bytes zero at first.
  package let elements: UnsafeMutablePointer<Element>
  /// How many there is room for.
  package let capacity: Int

  /// Zeros; what is not used costs the host nothing.
  package init(capacity: Int) {
    self.capacity = capacity
    // Memory of zeros fresh from the host is not touched by calloc.
    guard let room = calloc(capacity, MemoryLayout<Element>.stride) else {
      Slab.giveUp(bytes: capacity * MemoryLayout<Element>.stride)
    }
    elements = room.bindMemory(to: Element.self, capacity: capacity)
  }

  /// The elements of another one, with room for as many or more.
  package convenience init(copying other: Slab, capacity: Int) {
    self.init(capacity: capacity)
    let bytes = min(capacity, other.capacity) * MemoryLayout<Element>.stride
    UnsafeMutableRawPointer(elements).copyMemory(from: other.elements, byteCount: bytes)
  }

  deinit { free(elements) }

  /// The host has no memory left: nothing can go on, and what was buffered is flushed.
  private static func giveUp(bytes: Int) -> Never {
    let text = "shootdown: the host has no room for \(bytes >> 10) KiB of TLB entries\n"
    text.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
    exit(2)
  }
}
