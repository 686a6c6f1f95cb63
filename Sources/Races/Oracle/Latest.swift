/// The latest of many things, oldest first: when there are as many as the limit, the oldest goes for each that comes.
struct Latest<Element>: RandomAccessCollection {
  private let limit: Int
  private var elements: [Element] = []
  /// Where the oldest is.
  private var first = 0

  init(limit: Int) { self.limit = limit }

  var startIndex: Int { 0 }
  var endIndex: Int { elements.count }

  subscript(index: Int) -> Element {
    let place = first + index
    return elements[place < elements.count ? place : place - elements.count]
  }

  @inline(__always) mutating func append(_ element: Element) {
    guard elements.count == limit else { return elements.append(element) }
    elements[first] = element
    first = first + 1 == limit ? 0 : first + 1
  }
}
