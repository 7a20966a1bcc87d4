package main

import (
	"math/rand"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func randomNumber() string { return strconv.Itoa(rand.Int()) }

func withoutNulls(values types.Map) map[string]attr.Value {
	kept := map[string]attr.Value{}
	for key, value := range values.Elements() {
		if !value.IsNull() {
			kept[key] = value
		}
	}
	return kept
}
