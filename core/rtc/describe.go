package rtc

import (
	"fmt"
	"time"

	"github.com/pion/webrtc/v4"
)

// A description is sent once, with the candidates that are known by then:
// trackers carry no candidates afterwards. Host candidates come in
// milliseconds, all at once; where no server is asked there are no others, and
// hostWait after the last of them is enough: Chromium itself calls gathering
// complete 100 ms later. A server-reflexive one means that a STUN server has
// answered; the others have reflexiveWait to do so too. gatherLimit is for
// networks where none ever does.
const (
	hostWait      = 10 * time.Millisecond
	reflexiveWait = 300 * time.Millisecond
	gatherLimit   = 3 * time.Second
)

// label of our channel; nobody reads it.
const label = "shoal"

// describe constructs the connection and returns its description, complete.
func (c *conn) describe() (sdp string, err error) {
	if c.answering {
		if c.limit, err = readDescription(c.remote); err != nil {
			return "", err
		}
	}
	if c.look().over {
		return "", errOver
	}
	if c.pc, err = c.dialer.factory.construct(c.dialer.configuration()); err != nil {
		return "", err
	}
	c.watched = watch(c.pc, c)
	if err := c.begin(); err != nil {
		return "", err
	}
	if err := c.gather(); err != nil {
		return "", err
	}
	local := c.pc.LocalDescription()
	if local == nil {
		return "", ErrLost
	}
	return withoutTrickle(local.SDP), nil
}

// begin makes the local description, with which gathering begins.
func (c *conn) begin() error {
	local, err := c.makeLocal()
	if err != nil {
		return err
	}
	if err := c.pc.SetLocalDescription(local); err != nil {
		return fmt.Errorf("set local description: %w", err)
	}
	return nil
}

func (c *conn) makeLocal() (webrtc.SessionDescription, error) {
	if c.answering {
		if err := c.setRemote(webrtc.SDPTypeOffer, c.remote); err != nil {
			return webrtc.SessionDescription{}, err
		}
		return c.pc.CreateAnswer(nil)
	}
	dc, err := c.pc.CreateDataChannel(label, nil)
	if err != nil {
		return webrtc.SessionDescription{}, fmt.Errorf("create channel: %w", err)
	}
	c.watched.add(dc, c)
	return c.pc.CreateOffer(nil)
}

// gather waits until the description is good enough to be sent.
func (c *conn) gather() error {
	limit := time.NewTimer(gatherLimit)
	defer limit.Stop()
	asks := len(c.dialer.servers) > 0
	for found, reflexive := 0, false; ; {
		n := c.look()
		switch {
		case n.over:
			return errOver
		case n.gathered:
			return nil
		case n.reflexive && !reflexive:
			reflexive = true
			limit.Reset(reflexiveWait)
		case n.candidates > found && !asks:
			found = n.candidates
			limit.Reset(hostWait)
		}
		select {
		case <-c.wake:
		case <-limit.C:
			return nil
		}
	}
}

// found notes a candidate of ours.
func (c *conn) found(reflexive bool) {
	c.note(func(n *news) {
		n.candidates++
		n.reflexive = n.reflexive || reflexive
	})
}

// apply gives the peer's answer to the connection.
func (c *conn) apply(answer string) (err error) {
	limit, err := readDescription(answer)
	if err != nil {
		return err
	}
	c.sending.Lock()
	c.limit = limit
	c.sending.Unlock()
	c.remote = answer
	return c.setRemote(webrtc.SDPTypeAnswer, answer)
}

// setRemote hands a peer's text to the platform's parser, which must not bring
// us down.
func (c *conn) setRemote(kind webrtc.SDPType, sdp string) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%w: %v", ErrDescription, cause)
		}
	}()
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: sdp}); err != nil {
		return fmt.Errorf("%w: %w", ErrDescription, err)
	}
	return nil
}
