package rtc

// changed notes a state of the connection, in the words of RTCPeerConnectionState.
func (c *conn) changed(state string) {
	switch state {
	case "connected":
		c.note(func(n *news) { n.disconnected = false })
	case "disconnected":
		c.note(func(n *news) { n.disconnected = true })
	case "failed":
		c.fail(ErrLost)
	case "closed":
		c.fail(nil)
	}
}
