package atlantest

import "net/http"

const storagePath = "/storage/"

func (f *Fake) storage(w http.ResponseWriter, r *http.Request) {}
