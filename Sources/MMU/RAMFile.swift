import CLinux
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The file without a name that the RAM of a machine, of its forks and of all their snapshots lies in.
///
/// From 0 up it is the first machine's RAM: mapped shared until the first snapshot is taken, and never changed after. Each
/// later snapshot appends the pages that have changed since the one before it (`Extent`). Offsets are not used again;
/// what nobody names any more becomes a hole.
final class RAMFile: Sendable {
  private let descriptor: Int32
  private let end: Atomic<Int>

  /// A file of zeros; nil: the host has none.
  init?(bytes: Int) {
    descriptor = memfd_create("guest RAM", UInt32(CloseOnExec))
    end = Atomic(bytes)
    guard descriptor >= 0, ftruncate(descriptor, bytes) == 0 else { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Maps a part of it.
  ///
  /// - Parameters:
  ///   - place: where, in place of what is mapped there; nil: anywhere.
  ///   - isShared: stores change the file; otherwise they are the mapping's own.
  /// - Returns: where; nil: the host has no room.
  func map(at place: UnsafeMutableRawPointer?, bytes: Int, offset: Int, isShared: Bool) -> UnsafeMutableRawPointer? {
    let flags = (isShared ? MAP_SHARED : MAP_PRIVATE) | MAP_NORESERVE | (place == nil ? 0 : MAP_FIXED)
    let result = mmap(place, bytes, PROT_READ | PROT_WRITE, flags, descriptor, offset)
    return result == MAP_FAILED ? nil : result
  }

  /// Appends bytes; nil: the host has no room.
  func append(_ bytes: UnsafeRawBufferPointer) -> Int? {
    let offset = end.wrappingAdd(bytes.count, ordering: .relaxed).oldValue
    var done = 0
    while done < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, offset + done)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      done += count
    }
    return offset
  }

  /// Reads bytes that lie in it; false: the host cannot.
  func read(_ offset: Int, into target: UnsafeMutableRawPointer, bytes: Int) -> Bool {
    var done = 0
    while done < bytes {
      let count = pread(descriptor, target + done, bytes - done, offset + done)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }

  /// Bytes of the host that it takes.
  var bytesInUse: Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_blocks) * 512 : 0
  }

  /// Gives the host back what nobody names any more.
  func discard(_ offset: Int, bytes: Int) { _ = fallocate(descriptor, Int32(PunchHole), offset, bytes) }
}

/// Pages that had changed by a snapshot, consecutive ones; they stay in the file as long as a snapshot, or a machine that
/// was made from one, names any of them.
final class Extent: Sendable {
  /// So few at most that a page which is still named keeps little else.
  static let maximumPages = 64

  private let file: RAMFile
  private let first: Int
  private let count: Int
  private let offset: Int

  init(_ file: RAMFile, first: Int, count: Int, offset: Int) {
    self.file = file
    self.first = first
    self.count = count
    self.offset = offset
  }

  deinit { file.discard(offset, bytes: count << 12) }

  /// Where one of its pages lies in the file.
  func offset(of page: Int) -> Int { offset + (page - first) << 12 }
}

/// Where each page of a snapshot lies in the file. Parts that do not differ are shared with the snapshot before.
struct PageMap {
  /// Pages of a chunk.
  private static let chunkPages = 512

  /// A part of the map, where it differs from the file's first part; by page.
  private final class Chunk: Sendable {
    let extents: [Extent?]
    init(_ extents: [Extent?]) { self.extents = extents }
  }

  private var chunks: [Chunk?]
  /// Pages that may differ from zero; a bit a page.
  private(set) var touched: [UInt64]

  /// Every page where the first machine had it.
  init(pages: Int) {
    chunks = Array(repeating: nil, count: (pages + PageMap.chunkPages - 1) / PageMap.chunkPages)
    touched = Array(repeating: 0, count: (pages + 63) / 64)
  }

  /// Where a page lies.
  func offset(of page: Int) -> Int {
    chunks[page / PageMap.chunkPages]?.extents[page % PageMap.chunkPages]?.offset(of: page) ?? page << 12
  }

  /// Pages may differ from zero.
  mutating func touch(_ page: Int) { touched[page >> 6] |= 1 << UInt64(page & 63) }

  /// Pages now lie in extents; in ascending order.
  mutating func replace(_ pages: [(page: Int, extent: Extent)]) {
    var index = 0
    while index < pages.count {
      let number = pages[index].page / PageMap.chunkPages
      var extents = chunks[number]?.extents ?? Array(repeating: nil, count: PageMap.chunkPages)
      while index < pages.count, pages[index].page / PageMap.chunkPages == number {
        extents[pages[index].page % PageMap.chunkPages] = pages[index].extent
        index += 1
      }
      chunks[number] = Chunk(extents)
    }
  }

  /// Pages that lie elsewhere than in another map; nil: than at first.
  func pages(differingFrom other: PageMap?) -> [Int] {
    var pages: [Int] = []
    for number in chunks.indices {
      let (mine, its) = (chunks[number], other?.chunks[number])
      guard mine !== its else { continue }
      for index in 0..<PageMap.chunkPages where mine?.extents[index] !== its?.extents[index] {
        pages.append(number * PageMap.chunkPages + index)
      }
    }
    return pages
  }

  /// Runs of pages, of those given in ascending order, that are consecutive both in memory and in the file.
  func forEachRun(of pages: [Int], _ body: (_ first: Int, _ count: Int, _ offset: Int) -> Void) {
    var index = 0
    while index < pages.count {
      let (first, offset) = (pages[index], offset(of: pages[index]))
      var count = 1
      while index + count < pages.count, pages[index + count] == first + count,
        self.offset(of: first + count) == offset + count << 12
      {
        count += 1
      }
      body(first, count, offset)
      index += count
    }
  }
}
